use super::*;

const DOCUMENT: &[u8] = b"aaaa  rocket_1.0.0_linux_amd64.zip\n";

// Made with GnuPG 2 for these tests alone.
const RSA_KEY: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----

mQENBGsBrJcBCADV792fv5zEXfw3CAPpKEFg4MSokxzyTfi30RvlSnW8LUPpIxlH
nV6ijksx757RIrkdG2xZ0iTiAVA8dQvN9nHhp4+A3vdwxCUGWksCuTSJ/JmYKz19
Vnb+Miy1zmzoVE/Gg+UoruwruG+Z7Dho+WM0xYq0RrxSwPaHuz58irCkvQbsQ6Gi
6a0uKX8IugyqWaR2KarehJPJjuZCe9yBfevSekSknVQrIhhXy9droIv8uTnFQM3L
1iKKxMsPn8slhG5LkNVizNOO73qoy9YnL6vfinkjM6FC3UidCt96cX8ar7S3Yf/c
womYl/1ihxfXDYrwiZkPA6Az210s2UC+P01dABEBAAG0E3JzYTIwNDhAZXhhbXBs
ZS5jb22JAU4EEwEKADgWIQRzDOwsAHkpKDbgxjPSQ/D1QoA4rwUCawGslwIbAwUL
CQgHAgYVCgkICwIEFgIDAQIeAQIXgAAKCRDSQ/D1QoA4r3oOB/4p/ZuYVWZewD7A
Mnz5+xFkcu+SA0/oXFUYsmCu88gyKdNk+PFP4omZkYnYqmOvPwstbJeH0foVDdbk
71Revw1tM5EXIvvwLp4+Yhuq/N+uXITKawo6MoMFU5y9sGzWtDpHYnWvLGsVna24
Tepqgvo9Czi4xcRdzzzK9EtVuFiTUf+dQRNing8etYMpmtwy05cK8OnK64yilwuX
1XGhQOQn/4gAFyU44UmJq/RoChdgCLp98yq2vEqYfCiV7PTdYfZ2+Szk2f/zn4yz
1seBw0QZcZaMkz42n8ZM2NhtAbrXQ78L+K7pUWFI7tZKztp/XLl7gCSZnqzPNALB
EyzH2/fg
=sKkA
-----END PGP PUBLIC KEY BLOCK-----
";
const ED25519_KEY: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawGslxYJKwYBBAHaRw8BAQdA+TkQ04JwSB0lIMZfVYkvMcQBqpwZREBL1STR
WdPbbXS0E2VkMjU1MTlAZXhhbXBsZS5jb22IkAQTFggAOBYhBKKICzXrMLxPJ+v1
q7Y54iDXpLjgBQJrAayXAhsDBQsJCAcCBhUKCQgLAgQWAgMBAh4BAheAAAoJELY5
4iDXpLjgoEgA/AxtFN7Z2kQhhc7AUbAyoYVf3JUVMcGtE3oY/gJVP8AzAP9JM8Hc
33CTuPDdlN4ow/epR45VcycliEjZ3PRNfHDjDw==
=lehq
-----END PGP PUBLIC KEY BLOCK-----
";
const RSA_SHA512_SIGNATURE: &str = "\
    iQFIBAABCgAyFiEEcwzsLAB5KSg24MYz0kPw9UKAOK8FAmsBrJcUHHJzYTIwNDhAZXhhbXBsZS5jb20ACgkQ0kPw9UKAOK8tfwf9\
    F450kpe4FZ1lCL/EQx4YkFdTje4eelSOppzCQ3gbiztyO47OzfU4BAnWPCHIQBt9MXkSgsLGOfO2LAM0unGEmwjuNpkjt0X64AHK\
    Z6ur1SlXSqvqvqFB4llHbWiZ31ridjk0ntibjldXWJ2qGzT5xjF9UHbOovV1uKF4IJiM1mh9H+ayDdFw+JxdgqiLEU/MOsRyd+O+\
    083/DbHI+eB6lIFdLLyW4V33xXJ1Y/snQCeih5bLq6A+35fkGAX3jMX+wCktxsMOvKBjG7xNpIxznb9oujOADSNdxqe70W7Zf8v2\
    NaV7jHvjT4FGxKOHki36QZCsUKQKNuEqEZReqQ/m2g==";
const RSA_SHA256_SIGNATURE: &str = "\
    iQFIBAABCAAyFiEEcwzsLAB5KSg24MYz0kPw9UKAOK8FAmsBrJcUHHJzYTIwNDhAZXhhbXBsZS5jb20ACgkQ0kPw9UKAOK+R7gf/\
    WC2HqLljhU1j7ZGOhBP03eOKkFiCIn5nWKnm/nPw+GfnAr/9wcPdsT771cDVUoxt+QWSuEuAGajOj521i1YtCRQkJxfoZlRtMtF0\
    Qb2jqwxOm89VGuZK4a/3vqm53LOW3KzVPgxawJ7mD9R0hNwCNup6uVyPlTvRhZ9SqkMsP12j3mP7BI5nh+Us+DhQt982IxNXwI8T\
    qwqQX8zHkMwjprQS9fQBJ7A3stgkAUFF8l8qRo6l9zEqyPJAzfZawnNkbK/yFSlp75LAiuygNPWtv2Xs6QLeNVMgesQGWNuDTaVe\
    3ncQfxrgPpjse8U1yCW3ZdHcpd8sC/8YgiBjJAgMvw==";
const ED25519_SIGNATURE: &str = "\
    iIoEABYIADIWIQSiiAs16zC8Tyfr9au2OeIg16S44AUCawGslxQcZWQyNTUxOUBleGFtcGxlLmNvbQAKCRC2OeIg16S44E4FAP40\
    6v4XFehHFtycm7NSzxppyLzBv6Yf4QK6qLBq3emAFQD/aRP2W7y9eQEqsb21CWThm/dplOJeLd6TeKur5TDiBQk=";

fn bytes(base64: &str) -> Vec<u8> {
    STANDARD.decode(base64).unwrap()
}

#[test]
fn signatures_of_gnupg_are_recognized() {
    for (key, signature) in
        [(RSA_KEY, RSA_SHA512_SIGNATURE), (RSA_KEY, RSA_SHA256_SIGNATURE), (ED25519_KEY, ED25519_SIGNATURE)]
    {
        let signature = bytes(signature);
        assert!(is_signed_by(key, &signature, DOCUMENT));
        assert!(!is_signed_by(key, &signature, b"something else"));
        // Line ends of any kind will do.
        assert!(is_signed_by(&key.replace('\n', "\r\n"), &signature, DOCUMENT));
    }
    assert!(!is_signed_by(ED25519_KEY, &bytes(RSA_SHA256_SIGNATURE), DOCUMENT));
    assert!(!is_signed_by("", &bytes(RSA_SHA256_SIGNATURE), DOCUMENT));
}

#[test]
fn damaged_keys_and_signatures_sign_nothing() {
    let signature = bytes(ED25519_SIGNATURE);
    for end in 0..signature.len() {
        assert!(!is_signed_by(ED25519_KEY, &signature[..end], DOCUMENT), "{end}");
    }
    for position in 0..signature.len() {
        let mut damaged = signature.clone();
        damaged[position] ^= 0x40;
        // Of the signature, only what is outside of the hashed part and of the numbers may differ.
        let _ = is_signed_by(ED25519_KEY, &damaged, DOCUMENT);
        let _ = is_signed_by(RSA_KEY, &damaged, DOCUMENT);
    }
    let key = unarmor(ED25519_KEY).unwrap();
    for end in 0..key.len() {
        let cut = format!(
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{}\n-----END PGP PUBLIC KEY BLOCK-----",
            STANDARD.encode(&key[..end])
        );
        let _ = is_signed_by(&cut, &signature, DOCUMENT);
    }
}
