//! Packages and signatures, made once with zip, tar and GnuPG for these tests alone.

/// A zip archive with one file: a program that ends at once.
pub(crate) const PACKAGE: &str = "\
    UEsDBAoAAAAAAAAAIVCjt17aEQAAABEAAAAgAAAAdGVycmFmb3JtLXByb3ZpZGVyLXJvY2tldF92MS4yLjAjIS9iaW4vc2gKZXhp\
    dCAxClBLAQIeAwoAAAAAAAAAIVCjt17aEQAAABEAAAAgAAAAAAAAAAEAAADtgQAAAAB0ZXJyYWZvcm0tcHJvdmlkZXItcm9ja2V0\
    X3YxLjIuMFBLBQYAAAAAAQABAE4AAABPAAAAAAA=";

/// The list of checksums of that archive and of another one.
pub(crate) const CHECKSUMS: &str = "\
02e16c8a4190cff146be9fc0111c8ee076c1af745c24a586ab381f69e58540e1  terraform-provider-rocket_1.2.0_linux_amd64.zip\n\
0000000000000000000000000000000000000000000000000000000000000007  terraform-provider-rocket_1.2.0_darwin_arm64.zip\n\
";

/// A detached signature of the list.
pub(crate) const SIGNATURE: &str = "\
    iHUEABYIAB0WIQQbep1MTxY4AGF4mhy0D/gYchsBjgUCawG0/AAKCRC0D/gYchsBjuseAQDA1ILgdmaxkd/yVNSjvVd+2kBO4MLn\
    +NNBgMck8tiqDQD9HfjFgn8AqufE8OLcL+qncaeejw7E+SSKwmRfAJb8IwQ=";

/// The key.
pub(crate) const KEY: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawG0+xYJKwYBBAHaRw8BAQdAgfoZpuh+cnQKFJG1yv37F3Ql32nRKdNmcb9u
U+3BDQm0EnJvY2tldEBleGFtcGxlLmNvbYiQBBMWCAA4FiEEG3qdTE8WOABheJoc
tA/4GHIbAY4FAmsBtPsCGwMFCwkIBwIGFQoJCAsCBBYCAwECHgECF4AACgkQtA/4
GHIbAY4AkwEAtV0UnDEYbA1AzFhe1I6+o1X9BTlED9CcOBsD80gFi4QBAP65YO+0
EpVcbpb9XyLFBKOqgTIerToq/Cf5ndXsjXwE
=Gb1J
-----END PGP PUBLIC KEY BLOCK-----
";

/// A tar.gz archive with modules in `m` and `m/sub`.
pub(crate) const MODULES: &str = "\
    H4sIAAAAAAAAA+3V0QqCMBiG4R13FT9dQG7m3FEXo1AQZIZunUT3nhpFBBUFM6L3OdmYwn744FuVqOh0x1k7rJ37ddibea5Tl+us\
    PzfdSa7Exh9NqdD6ohFRTV37Z/+9+v6jqqQq1tuZX0W8ow84z7LH+c/NXf4mtU6JjjjT1Z/nXwe/C16mxVQOsi82YSkLMXKcfHsw\
    jKJK2lBGfgM+6H/rHP0/hnP+cd+A9/s/1VbT/2O49H952/8p/Q8AAAAAAAAAAAAAv+YERJfhvAAoAAA=";
