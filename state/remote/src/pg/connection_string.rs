//! How to reach a server: a connection string as libpq defines it, with the variables of libpq below.
//!
//! Sources: PostgreSQL's manual, "Connection Strings" and "Environment Variables"; defaults are those of Go's
//! lib/pq, which Terraform uses: `localhost`, and TLS without a look at the certificate.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::SslMode;

use crate::settings::ConfigError;

/// Parameters by libpq's names.
pub(super) type Parameters = BTreeMap<String, String>;

/// Variables that stand in for parameters.
const VARIABLES: &[(&str, &str)] = &[
    ("PGHOST", "host"),
    ("PGPORT", "port"),
    ("PGDATABASE", "dbname"),
    ("PGUSER", "user"),
    ("PGPASSWORD", "password"),
    ("PGPASSFILE", "passfile"),
    ("PGOPTIONS", "options"),
    ("PGAPPNAME", "application_name"),
    ("PGSSLMODE", "sslmode"),
    ("PGSSLCERT", "sslcert"),
    ("PGSSLKEY", "sslkey"),
    ("PGSSLROOTCERT", "sslrootcert"),
    ("PGCONNECT_TIMEOUT", "connect_timeout"),
];

/// Parameters that say how to connect; all others are settings of the session.
const CONNECTION: &[&str] = &[
    "application_name",
    "binary_parameters",
    "connect_timeout",
    "dbname",
    "disable_prepared_binary_result",
    "fallback_application_name",
    "host",
    "keepalives",
    "krbspn",
    "krbsrvname",
    "options",
    "passfile",
    "password",
    "port",
    "sslcert",
    "sslinline",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "user",
];

/// How much of a server's certificate is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verification {
    /// Nothing: the connection is only encrypted.
    None,
    /// Who has signed it.
    Authority,
    /// That, and whose it is.
    Full,
}

/// How to reach a server.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) config: Config,
    /// Nothing where TLS is not to be used.
    pub(super) verification: Option<Verification>,
    /// Certificates of authorities in place of the system's, in PEM.
    pub(super) authorities: Option<PathBuf>,
    /// The client's certificate and its key, in PEM.
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

/// Reads a connection string.
///
/// # Errors
/// When it is not one, or asks for what is not there.
pub(super) fn read_target(text: &str, environment: &BTreeMap<String, String>) -> Result<Target, ConfigError> {
    let mut parameters = Parameters::new();
    for (variable, name) in VARIABLES {
        if let Some(value) = environment.get(*variable).filter(|value| !value.is_empty()) {
            parameters.insert((*name).to_owned(), value.clone());
        }
    }
    parameters.extend(parse(text)?);
    target(parameters, environment)
}

fn target(parameters: Parameters, environment: &BTreeMap<String, String>) -> Result<Target, ConfigError> {
    let parameter = |name: &str| parameters.get(name).filter(|value| !value.is_empty()).cloned();
    let host = parameter("host").unwrap_or_else(|| "localhost".to_owned());
    let port = parameter("port").unwrap_or_else(|| "5432".to_owned());
    let login = || environment.get("USER").or_else(|| environment.get("LOGNAME")).cloned();
    let user = parameter("user").or_else(login).unwrap_or_default();
    let database = parameter("dbname").unwrap_or_else(|| user.clone());
    let mut config = Config::new();
    config.host(&host).user(&user).dbname(&database);
    config.port(port.parse().map_err(|_| invalid(format!("{port:?} is no port")))?);
    let password = parameter("password")
        .or_else(|| super::password_file::find(&parameters, environment, [&host, &port, &database, &user]));
    if let Some(password) = password {
        config.password(password);
    }
    config.options(options(&parameters));
    config.application_name(
        parameter("application_name")
            .or_else(|| parameter("fallback_application_name"))
            .unwrap_or("terrane".into()),
    );
    if let Some(seconds) = parameter("connect_timeout").and_then(|text| text.parse().ok()).filter(|s| *s > 0)
    {
        config.connect_timeout(Duration::from_secs(seconds));
    }
    // A lock is a connection, and some networks forget one that is silent for a few minutes.
    config.keepalives(true).keepalives_idle(Duration::from_secs(60));
    let has_authorities = parameter("sslrootcert").is_some();
    let verification = match parameter("sslmode").as_deref() {
        // No network, nothing to encrypt.
        _ if host.starts_with('/') => None,
        Some("disable") => None,
        // As libpq does: whoever names authorities wants them to be asked.
        None | Some("require") if has_authorities => Some(Verification::Authority),
        None | Some("require" | "prefer" | "allow") => Some(Verification::None),
        Some("verify-ca") => Some(Verification::Authority),
        Some("verify-full") => Some(Verification::Full),
        Some(other) => return Err(invalid(format!("there is no sslmode {other:?}"))),
    };
    let is_optional = matches!(parameter("sslmode").as_deref(), Some("prefer" | "allow"));
    config.ssl_mode(match verification {
        None => SslMode::Disable,
        Some(_) if is_optional => SslMode::Prefer,
        Some(_) => SslMode::Require,
    });
    let client = match (parameter("sslcert"), parameter("sslkey")) {
        (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
        (None, None) => None,
        _ => return Err(invalid("sslcert and sslkey need each other")),
    };
    let authorities = parameter("sslrootcert").filter(|path| path != "system").map(PathBuf::from);
    Ok(Target { config, verification, authorities, client })
}

/// Returns the session's settings as options of the server's command line.
fn options(parameters: &Parameters) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace(' ', "\\ ");
    let further = parameters.iter().filter(|(name, _)| !CONNECTION.contains(&name.as_str()));
    let further = further.map(|(name, value)| format!("-c {name}={}", escaped(value)));
    parameters.get("options").cloned().into_iter().chain(further).collect::<Vec<_>>().join(" ")
}

fn invalid(reason: impl Into<String>) -> ConfigError {
    ConfigError::invalid("conn_str", reason)
}

fn parse(text: &str) -> Result<Parameters, ConfigError> {
    let text = text.trim();
    match text.strip_prefix("postgres://").or_else(|| text.strip_prefix("postgresql://")) {
        Some(rest) => parse_url(rest),
        None => parse_pairs(text),
    }
}

/// Reads what follows the scheme: `user:password@host:port/dbname?name=value`.
fn parse_url(text: &str) -> Result<Parameters, ConfigError> {
    let decode = |part: &str| {
        let decoded = percent_decode_str(part).decode_utf8();
        decoded.map(|text| text.into_owned()).map_err(|_| invalid("it is not UTF-8"))
    };
    let mut parameters = Parameters::new();
    let (text, query) = text.split_once('?').unwrap_or((text, ""));
    let (authority, database) = text.split_once('/').unwrap_or((text, ""));
    let (login, place) = match authority.rsplit_once('@') {
        Some((login, place)) => (login, place),
        None => ("", authority),
    };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    // Colons of IPv6 addresses stand in brackets.
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (place, ""),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    for (name, value) in
        [("user", user), ("password", password), ("host", host), ("port", port), ("dbname", database)]
    {
        if !value.is_empty() {
            parameters.insert(name.to_owned(), decode(value)?);
        }
    }
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or_else(|| invalid("a parameter has no value"))?;
        parameters.insert(decode(name)?, decode(&value.replace('+', "%20"))?);
    }
    Ok(parameters)
}

/// Reads `name=value name='another value'`.
fn parse_pairs(text: &str) -> Result<Parameters, ConfigError> {
    let mut parameters = Parameters::new();
    let mut characters = text.chars().peekable();
    loop {
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        if characters.peek().is_none() {
            return Ok(parameters);
        }
        let mut name = String::new();
        while let Some(c) = characters.next_if(|c| *c != '=') {
            name.push(c);
        }
        // The equal sign may stand between blanks.
        if characters.next().is_none() {
            return Err(invalid("a parameter has no value"));
        }
        while characters.next_if(|c| c.is_whitespace()).is_some() {}
        let mut value = String::new();
        let is_quoted = characters.next_if_eq(&'\'').is_some();
        loop {
            match characters.next() {
                Some('\\') => value.extend(characters.next()),
                Some('\'') if is_quoted => break,
                Some(c) if c.is_whitespace() && !is_quoted => break,
                Some(c) => value.push(c),
                None if is_quoted => return Err(invalid("a quotation mark is missing")),
                None => break,
            }
        }
        parameters.insert(name.trim().to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use tokio_postgres::config::Host;

    use super::*;

    fn read(text: &str, environment: &[(&str, &str)]) -> Result<Target, ConfigError> {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        read_target(text, &environment)
    }

    #[test]
    fn both_forms_say_the_same() {
        for text in [
            "postgres://me:p%40ss@db.example:5433/state?sslmode=verify-full&application_name=a+b",
            "user=me password = 'p@ss' host=db.example port=5433 dbname=state sslmode=verify-full application_name='a b'",
        ] {
            let target = read(text, &[("PGHOST", "elsewhere")]).unwrap();
            assert_eq!(target.config.get_user(), Some("me"));
            assert_eq!(target.config.get_password(), Some(b"p@ss".as_slice()));
            assert_eq!(target.config.get_hosts(), [Host::Tcp("db.example".to_owned())]);
            assert_eq!(target.config.get_ports(), [5433]);
            assert_eq!(target.config.get_dbname(), Some("state"));
            assert_eq!(target.config.get_application_name(), Some("a b"));
            assert_eq!(target.verification, Some(Verification::Full));
        }
    }

    #[test]
    fn variables_and_defaults_fill_the_gaps() {
        let target = read("", &[("PGUSER", "u"), ("PGSSLMODE", "disable")]).unwrap();
        assert_eq!(target.config.get_hosts(), [Host::Tcp("localhost".to_owned())]);
        assert_eq!((target.config.get_user(), target.config.get_dbname()), (Some("u"), Some("u")));
        assert_eq!(target.verification, None);
        // Encrypted is the least, as lib/pq has it.
        assert_eq!(read("", &[]).unwrap().verification, Some(Verification::None));
        let with_authority = read("sslrootcert=/ca.pem", &[]).unwrap();
        assert_eq!(with_authority.verification, Some(Verification::Authority));
        let socket = read("host=/run/postgresql sslmode=require", &[]).unwrap();
        assert_eq!(socket.verification, None);
        let session = read("options='-c a=b' search_path='x y'", &[]).unwrap();
        assert_eq!(session.config.get_options(), Some("-c a=b -c search_path=x\\ y"));
        let bracketed = read("postgres://[::1]/d", &[]).unwrap();
        assert_eq!(bracketed.config.get_hosts(), [Host::Tcp("::1".to_owned())]);
    }

    #[test]
    fn what_cannot_be_read_is_refused_without_showing_it() {
        for text in
            ["password=secret host", "password='secret", "postgres://u:secret@h:port/d", "sslmode=maybe"]
        {
            let error = read(text, &[]).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains("conn_str") && !error.contains("secret"), "{text}: {error}");
        }
    }
}
