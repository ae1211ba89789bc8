//! States as rows of a PostgreSQL table, locked by advisory locks.
//!
//! The table `states` in a schema of its own has a row for each workspace; its id, which is unique in the whole
//! database, is what is locked. A workspace without a row is locked by the number -1. Such a lock is part of the
//! connection and ends with it, however that comes about.

mod connection_string;
mod password_file;
mod tls;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use terrane_model::{Str, with_causes};
use terrane_network::NetworkSettings;
use terrane_state::{BackendError, LockError, LockInfo, LockRequest, StateBackend, ordered_workspaces};
use tokio::sync::{MappedMutexGuard, Mutex, MutexGuard};
use tokio_postgres::{Client, NoTls, Row};

use crate::error::{remote, unreachable};
use crate::kind::{Argument, RemoteKind};
use crate::settings::{ConfigError, Settings};
use crate::workspaces;
use connection_string::{Target, read_target};
use tls::Tls;

/// The kind.
pub(crate) const KIND: RemoteKind = RemoteKind { name: "pg", arguments: ARGUMENTS, open };

const ARGUMENTS: &[Argument] = &[
    Argument::secret("conn_str").or(&["PG_CONN_STR"]),
    Argument::text("schema_name").or(&["PG_SCHEMA_NAME"]).by_default("terraform_remote_state"),
    Argument::flag("skip_schema_creation").or(&["PG_SKIP_SCHEMA_CREATION"]),
    Argument::flag("skip_table_creation").or(&["PG_SKIP_TABLE_CREATION"]),
    Argument::flag("skip_index_creation").or(&["PG_SKIP_INDEX_CREATION"]),
];

/// Locks a workspace that has no row yet, and with it the making of rows.
const CREATION_LOCK: i64 = -1;

fn open(settings: &Settings<'_>) -> Result<Arc<dyn StateBackend>, ConfigError> {
    let schema_name = settings.required("schema_name")?;
    Ok(Arc::new(PostgresBackend {
        target: read_target(&settings.text("conn_str").unwrap_or_default(), settings.environment)?,
        network: NetworkSettings::from_environment(|name| settings.environment.get(name)),
        table: format!("{}.states", quoted(&schema_name)),
        schema_name,
        makes_schema: !settings.flag("skip_schema_creation")?,
        makes_table: !settings.flag("skip_table_creation")?,
        makes_index: !settings.flag("skip_index_creation")?,
        version: settings.version(),
        connection: Mutex::default(),
    }))
}

struct PostgresBackend {
    target: Target,
    network: NetworkSettings,
    schema_name: String,
    /// The table with its schema, quoted.
    table: String,
    makes_schema: bool,
    makes_table: bool,
    makes_index: bool,
    version: Str,
    connection: Mutex<Option<Connection>>,
}

/// The one connection, with the locks that hang on it.
struct Connection {
    client: Client,
    /// The locked numbers, by workspace.
    locks: BTreeMap<String, (LockInfo, i64)>,
}

impl PostgresBackend {
    /// Returns the connection, which is made when first needed.
    async fn connection(&self) -> Result<MappedMutexGuard<'_, Connection>, BackendError> {
        let mut connection = self.connection.lock().await;
        if let Some(lost) = connection.as_ref().filter(|connection| connection.client.is_closed()) {
            // Somebody else may have the lock by now, and may have written.
            if !lost.locks.is_empty() {
                return Err(remote(
                    "the connection to the database was lost, and the lock on the state with it",
                ));
            }
            *connection = None;
        }
        if connection.is_none() {
            *connection = Some(Connection { client: self.connect().await?, locks: BTreeMap::new() });
        }
        Ok(MutexGuard::map(connection, |connection| connection.as_mut().expect("it was made just now")))
    }

    async fn connect(&self) -> Result<Client, BackendError> {
        let config = &self.target.config;
        let client = if self.target.verification.is_none() {
            let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
            tokio::spawn(connection);
            client
        } else {
            let (client, connection) =
                config.connect(Tls::new(&self.target, &self.network)?).await.map_err(failed)?;
            tokio::spawn(connection);
            client
        };
        self.prepare(&client).await?;
        Ok(client)
    }

    /// Makes what is missing. Users who may not make it find it made by others, and are not refused for trying.
    async fn prepare(&self, client: &Client) -> Result<(), BackendError> {
        let table = &self.table;
        if self.makes_schema {
            let query = "SELECT 1 FROM information_schema.schemata WHERE schema_name = $1";
            if client.query_opt(query, &[&self.schema_name]).await.map_err(failed)?.is_none() {
                let create = format!("CREATE SCHEMA IF NOT EXISTS {}", quoted(&self.schema_name));
                client.batch_execute(&create).await.map_err(failed)?;
            }
        }
        if self.makes_table {
            let create = format!(
                "CREATE SEQUENCE IF NOT EXISTS public.global_states_id_seq AS bigint; \
                 CREATE TABLE IF NOT EXISTS {table} (\
                 id bigint NOT NULL DEFAULT nextval('public.global_states_id_seq') PRIMARY KEY, \
                 name text UNIQUE, data text)"
            );
            client.batch_execute(&create).await.map_err(failed)?;
        }
        if self.makes_index {
            let create = format!("CREATE UNIQUE INDEX IF NOT EXISTS states_by_name ON {table} (name)");
            client.batch_execute(&create).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn try_lock(&self, client: &Client, workspace: &str) -> Result<Option<i64>, BackendError> {
        let query = format!(
            "SELECT id, pg_try_advisory_lock(id), pg_try_advisory_lock({CREATION_LOCK}) FROM {} WHERE name = $1",
            self.table
        );
        let Some(row) = client.query_opt(&query, &[&workspace]).await.map_err(failed)? else {
            let query = format!("SELECT pg_try_advisory_lock({CREATION_LOCK})");
            let row = client.query_one(&query, &[]).await.map_err(failed)?;
            return Ok(column::<bool>(&row, 0)?.then_some(CREATION_LOCK));
        };
        let (id, got_row, got_creation): (i64, bool, bool) =
            (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
        // The lock on creation is only a look whether a row is being made right now.
        if got_creation {
            release(client, CREATION_LOCK).await?;
        }
        if got_row && !got_creation {
            release(client, id).await?;
        }
        Ok((got_row && got_creation).then_some(id))
    }

    /// Tells who has the lock of a workspace, as far as the database lets us know.
    async fn sessions(&self, client: &Client, workspace: &str) -> Result<Vec<String>, BackendError> {
        let query = format!(
            "SELECT a.pid, coalesce(a.usename::text, '?'), coalesce(a.application_name, ''), \
             coalesce(host(a.client_addr), 'local'), coalesce(a.backend_start::text, '?') \
             FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND a.pid <> pg_backend_pid() \
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             AND (l.classid::bigint << 32 | l.objid::bigint) \
             IN (SELECT id FROM {} WHERE name = $1 UNION SELECT {CREATION_LOCK})",
            self.table
        );
        let rows = client.query(&query, &[&workspace]).await.map_err(failed)?;
        rows.iter()
            .map(|row| {
                let pid: i32 = column(row, 0)?;
                let [user, program, address, since] =
                    [column::<String>(row, 1)?, column(row, 2)?, column(row, 3)?, column(row, 4)?];
                Ok(format!("database session {pid} of {user} ({program}) from {address}, since {since}"))
            })
            .collect()
    }
}

async fn release(client: &Client, number: i64) -> Result<(), BackendError> {
    client.query_one("SELECT pg_advisory_unlock($1)", &[&number]).await.map(drop).map_err(failed)
}

fn column<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, BackendError> {
    row.try_get(index).map_err(failed)
}

/// Writes a name as SQL does where it may hold anything.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn failed(error: tokio_postgres::Error) -> BackendError {
    match error.as_db_error() {
        Some(said) => remote(format!("the database answered: {}", said.message())),
        None => remote(with_causes(&error)),
    }
}

#[async_trait]
impl StateBackend for PostgresBackend {
    async fn workspaces(&self) -> Result<Vec<Str>, BackendError> {
        let query = format!("SELECT name FROM {} WHERE name IS NOT NULL", self.table);
        let rows = self.connection().await?.client.query(&query, &[]).await.map_err(failed)?;
        let names: Result<Vec<String>, _> = rows.iter().map(|row| column(row, 0)).collect();
        Ok(ordered_workspaces(names?.into_iter().map(Str::from)))
    }

    async fn create_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        workspaces::create(self, workspace, &self.version).await
    }

    async fn delete_workspace(&self, workspace: &str) -> Result<(), BackendError> {
        workspaces::check_deletable(workspace)?;
        self.write(workspace, b"").await
    }

    async fn read(&self, workspace: &str) -> Result<Vec<u8>, BackendError> {
        let query = format!("SELECT data FROM {} WHERE name = $1", self.table);
        let row = self.connection().await?.client.query_opt(&query, &[&workspace]).await.map_err(failed)?;
        let content = row.map(|row| column::<Option<String>>(&row, 0)).transpose()?.flatten();
        Ok(content.unwrap_or_default().into_bytes())
    }

    async fn write(&self, workspace: &str, content: &[u8]) -> Result<(), BackendError> {
        let text = std::str::from_utf8(content).map_err(|_| remote("the state is not UTF-8"))?;
        let connection = self.connection().await?;
        let done = if text.is_empty() {
            let query = format!("DELETE FROM {} WHERE name = $1", self.table);
            connection.client.execute(&query, &[&workspace]).await
        } else {
            let query = format!(
                "INSERT INTO {} (name, data) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET data = $2",
                self.table
            );
            connection.client.execute(&query, &[&workspace, &text]).await
        };
        done.map(drop).map_err(failed)
    }

    async fn lock(&self, workspace: &str, request: &LockRequest) -> Result<LockInfo, LockError> {
        let mut connection = self.connection().await.map_err(unreachable)?;
        let mut cause = format!("Workspace is already locked: {workspace}");
        // The same connection gets a lock as often as it asks for it.
        if let Some((lock, _)) = connection.locks.get(workspace) {
            return Err(LockError::Held { cause, holder: Some(Box::new(lock.clone())) });
        }
        if let Some(number) = self.try_lock(&connection.client, workspace).await.map_err(unreachable)? {
            let lock = LockInfo::new(request, number.to_string());
            connection.locks.insert(workspace.to_owned(), (lock.clone(), number));
            return Ok(lock);
        }
        // Whoever may not look at others' sessions is told less.
        for session in self.sessions(&connection.client, workspace).await.unwrap_or_default() {
            let _ = write!(cause, "\nby {session}");
        }
        Err(LockError::Held { cause, holder: None })
    }

    async fn unlock(&self, workspace: &str, id: &str) -> Result<(), LockError> {
        let mut connection = self.connection.lock().await;
        let Some(connection) = connection.as_mut() else { return Err(LockError::NotLocked) };
        match connection.locks.get(workspace) {
            None => return Err(LockError::NotLocked),
            Some((lock, _)) if lock.id != id => {
                return Err(LockError::WrongId { given: id.to_owned(), existing: lock.id.clone() });
            }
            Some(_) => {}
        }
        let number = connection.locks.remove(workspace).map_or(CREATION_LOCK, |(_, number)| number);
        // A lock on a connection that is gone is gone, too.
        if connection.client.is_closed() {
            return Ok(());
        }
        release(&connection.client, number).await.map_err(unreachable)
    }

    async fn force_unlock(&self, workspace: &str, _id: &str) -> Result<(), LockError> {
        let connection = self.connection().await.map_err(unreachable)?;
        let sessions = self.sessions(&connection.client, workspace).await.map_err(unreachable)?;
        if sessions.is_empty() {
            return Err(LockError::NotLocked);
        }
        Err(LockError::Backend(format!(
            "locks in a database end with the session that has them, and need not be broken. The state is locked by {}",
            sessions.join(", and by ")
        )))
    }
}
