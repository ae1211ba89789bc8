//! The names of character sets as IANA registers them, and what each stands for.
//!
//! Where the Web reads one name as another set (ISO-8859-1 as Windows-1252), IANA's meaning counts.

use encoding_rs::Encoding;

/// A character set.
pub(super) struct CharacterSet {
    /// The name that IANA prefers.
    pub(super) name: &'static str,
    /// All names in small letters.
    names: &'static [&'static str],
    pub(super) coding: Coding,
}

/// How characters become bytes.
#[derive(Clone, Copy)]
pub(super) enum Coding {
    Ascii,
    Latin1,
    /// Latin 1 with six letters of Icelandic exchanged for Turkish ones.
    Latin5,
    Utf8,
    /// Big end first unless a mark at the start says otherwise; written with the mark.
    Utf16,
    Utf16Be,
    Utf16Le,
    /// ASCII, and these characters for the bytes from 128 on.
    CodePage(&'static str),
    Library(&'static Encoding),
}

/// Finds a character set by any of its names; the case of letters does not matter.
pub(super) fn find(name: &str) -> Option<&'static CharacterSet> {
    let name = name.trim().to_ascii_lowercase();
    CHARACTER_SETS.iter().find(|set| set.names.contains(&name.as_str()))
}

use Coding::{Ascii, CodePage, Latin1, Latin5, Library, Utf8, Utf16, Utf16Be, Utf16Le};

const fn set(name: &'static str, names: &'static [&'static str], coding: Coding) -> CharacterSet {
    CharacterSet { name, names, coding }
}

const CHARACTER_SETS: &[CharacterSet] = &[
    set("Big5", &["big5", "csbig5"], Library(encoding_rs::BIG5)),
    set("EUC-KR", &["cseuckr", "euc-kr"], Library(encoding_rs::EUC_KR)),
    set(
        "Extended_UNIX_Code_Packed_Format_for_Japanese",
        &["cseucpkdfmtjapanese", "euc-jp", "extended_unix_code_packed_format_for_japanese"],
        Library(encoding_rs::EUC_JP),
    ),
    set("GB18030", &["csgb18030", "gb18030"], Library(encoding_rs::GB18030)),
    set("GBK", &["cp936", "csgbk", "gbk", "ms936", "windows-936"], Library(encoding_rs::GBK)),
    set(
        "IBM00858",
        &["ccsid00858", "cp00858", "csibm00858", "ibm00858", "pc-multilingual-850+euro"],
        CodePage(IBM00858),
    ),
    set("IBM437", &["437", "cp437", "cspc8codepage437", "ibm437"], CodePage(IBM437)),
    set("IBM850", &["850", "cp850", "cspc850multilingual", "ibm850"], CodePage(IBM850)),
    set("IBM852", &["852", "cp852", "cspcp852", "ibm852"], CodePage(IBM852)),
    set("IBM855", &["855", "cp855", "csibm855", "ibm855"], CodePage(IBM855)),
    set("IBM860", &["860", "cp860", "csibm860", "ibm860"], CodePage(IBM860)),
    set("IBM862", &["862", "cp862", "cspc862latinhebrew", "ibm862"], CodePage(IBM862)),
    set("IBM863", &["863", "cp863", "csibm863", "ibm863"], CodePage(IBM863)),
    set("IBM865", &["865", "cp865", "csibm865", "ibm865"], CodePage(IBM865)),
    set("IBM866", &["866", "cp866", "csibm866", "ibm866"], Library(encoding_rs::IBM866)),
    set("ISO-2022-JP", &["csiso2022jp", "iso-2022-jp"], Library(encoding_rs::ISO_2022_JP)),
    set(
        "ISO-8859-10",
        &["csisolatin6", "iso-8859-10", "iso-ir-157", "iso_8859-10:1992", "l6", "latin6"],
        Library(encoding_rs::ISO_8859_10),
    ),
    set("ISO-8859-13", &["csiso885913", "iso-8859-13"], Library(encoding_rs::ISO_8859_13)),
    set(
        "ISO-8859-14",
        &[
            "csiso885914",
            "iso-8859-14",
            "iso-celtic",
            "iso-ir-199",
            "iso_8859-14",
            "iso_8859-14:1998",
            "l8",
            "latin8",
        ],
        Library(encoding_rs::ISO_8859_14),
    ),
    set(
        "ISO-8859-15",
        &["csiso885915", "iso-8859-15", "iso_8859-15", "latin-9"],
        Library(encoding_rs::ISO_8859_15),
    ),
    set(
        "ISO-8859-16",
        &["csiso885916", "iso-8859-16", "iso-ir-226", "iso_8859-16", "iso_8859-16:2001", "l10", "latin10"],
        Library(encoding_rs::ISO_8859_16),
    ),
    set(
        "ISO_8859-1:1987",
        &[
            "cp819",
            "csisolatin1",
            "ibm819",
            "iso-8859-1",
            "iso-ir-100",
            "iso_8859-1",
            "iso_8859-1:1987",
            "l1",
            "latin1",
        ],
        Latin1,
    ),
    set(
        "ISO_8859-2:1987",
        &["csisolatin2", "iso-8859-2", "iso-ir-101", "iso_8859-2", "iso_8859-2:1987", "l2", "latin2"],
        Library(encoding_rs::ISO_8859_2),
    ),
    set(
        "ISO_8859-3:1988",
        &["csisolatin3", "iso-8859-3", "iso-ir-109", "iso_8859-3", "iso_8859-3:1988", "l3", "latin3"],
        Library(encoding_rs::ISO_8859_3),
    ),
    set(
        "ISO_8859-4:1988",
        &["csisolatin4", "iso-8859-4", "iso-ir-110", "iso_8859-4", "iso_8859-4:1988", "l4", "latin4"],
        Library(encoding_rs::ISO_8859_4),
    ),
    set(
        "ISO_8859-5:1988",
        &["csisolatincyrillic", "cyrillic", "iso-8859-5", "iso-ir-144", "iso_8859-5", "iso_8859-5:1988"],
        Library(encoding_rs::ISO_8859_5),
    ),
    set("ISO_8859-6-E", &["csiso88596e", "iso-8859-6-e", "iso_8859-6-e"], Library(encoding_rs::ISO_8859_6)),
    set("ISO_8859-6-I", &["csiso88596i", "iso-8859-6-i", "iso_8859-6-i"], Library(encoding_rs::ISO_8859_6)),
    set(
        "ISO_8859-6:1987",
        &[
            "arabic",
            "asmo-708",
            "csisolatinarabic",
            "ecma-114",
            "iso-8859-6",
            "iso-ir-127",
            "iso_8859-6",
            "iso_8859-6:1987",
        ],
        Library(encoding_rs::ISO_8859_6),
    ),
    set(
        "ISO_8859-7:1987",
        &[
            "csisolatingreek",
            "ecma-118",
            "elot_928",
            "greek",
            "greek8",
            "iso-8859-7",
            "iso-ir-126",
            "iso_8859-7",
            "iso_8859-7:1987",
        ],
        Library(encoding_rs::ISO_8859_7),
    ),
    set("ISO_8859-8-E", &["csiso88598e", "iso-8859-8-e", "iso_8859-8-e"], Library(encoding_rs::ISO_8859_8)),
    set("ISO_8859-8-I", &["csiso88598i", "iso-8859-8-i", "iso_8859-8-i"], Library(encoding_rs::ISO_8859_8)),
    set(
        "ISO_8859-8:1988",
        &["csisolatinhebrew", "hebrew", "iso-8859-8", "iso-ir-138", "iso_8859-8", "iso_8859-8:1988"],
        Library(encoding_rs::ISO_8859_8),
    ),
    set(
        "ISO_8859-9:1989",
        &["csisolatin5", "iso-8859-9", "iso-ir-148", "iso_8859-9", "iso_8859-9:1989", "l5", "latin5"],
        Latin5,
    ),
    set("KOI8-R", &["cskoi8r", "koi8-r"], Library(encoding_rs::KOI8_R)),
    set("KOI8-U", &["cskoi8u", "koi8-u"], Library(encoding_rs::KOI8_U)),
    set("Shift_JIS", &["csshiftjis", "ms_kanji", "shift_jis"], Library(encoding_rs::SHIFT_JIS)),
    set(
        "US-ASCII",
        &[
            "ansi_x3.4-1968",
            "ansi_x3.4-1986",
            "cp367",
            "csascii",
            "ibm367",
            "iso-ir-6",
            "iso646-us",
            "iso_646.irv:1991",
            "us",
            "us-ascii",
        ],
        Ascii,
    ),
    set("UTF-16", &["csutf16", "utf-16"], Utf16),
    set("UTF-16BE", &["csutf16be", "utf-16be"], Utf16Be),
    set("UTF-16LE", &["csutf16le", "utf-16le"], Utf16Le),
    set("UTF-8", &["csutf8", "utf-8"], Utf8),
    set("macintosh", &["csmacintosh", "mac", "macintosh"], Library(encoding_rs::MACINTOSH)),
    set("windows-1250", &["cswindows1250", "windows-1250"], Library(encoding_rs::WINDOWS_1250)),
    set("windows-1251", &["cswindows1251", "windows-1251"], Library(encoding_rs::WINDOWS_1251)),
    set("windows-1252", &["cswindows1252", "windows-1252"], Library(encoding_rs::WINDOWS_1252)),
    set("windows-1253", &["cswindows1253", "windows-1253"], Library(encoding_rs::WINDOWS_1253)),
    set("windows-1254", &["cswindows1254", "windows-1254"], Library(encoding_rs::WINDOWS_1254)),
    set("windows-1255", &["cswindows1255", "windows-1255"], Library(encoding_rs::WINDOWS_1255)),
    set("windows-1256", &["cswindows1256", "windows-1256"], Library(encoding_rs::WINDOWS_1256)),
    set("windows-1257", &["cswindows1257", "windows-1257"], Library(encoding_rs::WINDOWS_1257)),
    set("windows-1258", &["cswindows1258", "windows-1258"], Library(encoding_rs::WINDOWS_1258)),
    set("windows-874", &["cswindows874", "windows-874"], Library(encoding_rs::WINDOWS_874)),
];

const IBM437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const IBM850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
const IBM852: &str = "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}";
const IBM855: &str = "ђЂѓЃёЁєЄѕЅіІїЇјЈљЉњЊћЋќЌўЎџЏюЮъЪаАбБцЦдДеЕфФгГ«»░▒▓│┤хХиИ╣║╗╝йЙ┐└┴┬├─┼кК╚╔╩╦╠═╬¤лЛмМнНоОп┘┌█▄Пя▀ЯрРсСтТуУжЖвВьЬ№\u{ad}ыЫзЗшШэЭщЩчЧ§■\u{a0}";
const IBM00858: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";
const IBM860: &str = "ÇüéâãàÁçêÊèÍÔìÃÂÉÀÈôõòÚùÌÕÜ¢£Ù₧ÓáíóúñÑªº¿Ò¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const IBM862: &str = "אבגדהוזחטיךכלםמןנסעףפץצקרשת¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const IBM863: &str = "ÇüéâÂà¶çêëèïî‗À§ÉÈÊôËÏûù¤ÔÜ¢£ÙÛƒ¦´óú¨¸³¯Î⌐¬½¼¾«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
const IBM865: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø₧ƒáíóúñÑªº¿⌐¬½¼¡«¤░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
