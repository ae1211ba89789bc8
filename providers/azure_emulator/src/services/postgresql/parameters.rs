//! Server parameters. They exist from the start; a write changes one, nothing deletes one.

use serde_json::{Value, json};

use crate::behaviour::{Behaviour, Draft, Object, View};
use crate::body::text_at;
use crate::error::ArmError;
use crate::world::Resource;

/// Name, kind, default, allowed values, and whether a change takes effect without a restart.
type Parameter = (&'static str, Kind, &'static str, &'static str, bool);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Integer,
    Numeric,
    Enumeration,
    /// A comma-separated list of the allowed values.
    Set,
    String,
}

use Kind::{Boolean, Enumeration, Integer, Numeric, Set, String as Text};

const EXTENSIONS: &str = "address_standardizer,address_standardizer_data_us,age,amcheck,anon,azure_ai,azure_storage,\
    bloom,btree_gin,btree_gist,citext,cube,dblink,dict_int,dict_xsyn,earthdistance,fuzzystrmatch,hstore,hypopg,\
    intagg,intarray,isn,lo,login_hook,ltree,oracle_fdw,orafce,pageinspect,pg_buffercache,pg_cron,pg_diskann,pg_freespacemap,\
    pg_hint_plan,pg_partman,pg_prewarm,pg_repack,pg_squeeze,pg_stat_statements,pg_trgm,pg_visibility,pgaudit,pgcrypto,\
    pglogical,pgrouting,pgrowlocks,pgstattuple,plpgsql,plv8,postgis,postgis_raster,postgis_sfcgal,postgis_tiger_geocoder,\
    postgis_topology,postgres_fdw,semver,session_variable,sslinfo,tablefunc,tds_fdw,timescaledb,topn,tsm_system_rows,\
    tsm_system_time,unaccent,uuid-ossp,vector";
const LIBRARIES: &str = "age,anon,auto_explain,azure_storage,credcheck,login_hook,pg_cron,pg_failover_slots,pg_hint_plan,\
    pg_partman_bgw,pg_prewarm,pg_squeeze,pg_stat_statements,pgaudit,pglogical,timescaledb,wal2json";

const PARAMETERS: &[Parameter] = &[
    ("application_name", Text, "", "[A-Za-z0-9._-]*", true),
    ("array_nulls", Boolean, "on", "on,off", true),
    ("authentication_timeout", Integer, "30", "30", true),
    ("autovacuum", Boolean, "on", "on,off", true),
    ("autovacuum_analyze_scale_factor", Numeric, "0.1", "0-100", true),
    ("autovacuum_analyze_threshold", Integer, "50", "0-2147483647", true),
    ("autovacuum_freeze_max_age", Integer, "200000000", "100000-2000000000", false),
    ("autovacuum_max_workers", Integer, "3", "1-262143", false),
    ("autovacuum_naptime", Integer, "60", "1-2147483", true),
    ("autovacuum_vacuum_cost_delay", Integer, "2", "-1-100", true),
    ("autovacuum_vacuum_cost_limit", Integer, "-1", "-1-10000", true),
    ("autovacuum_vacuum_scale_factor", Numeric, "0.2", "0-100", true),
    ("autovacuum_vacuum_threshold", Integer, "50", "0-2147483647", true),
    ("autovacuum_work_mem", Integer, "-1", "-1-2097151", true),
    ("azure.accepted_password_auth_method", Set, "md5,scram-sha-256", "md5,scram-sha-256", true),
    ("azure.allow_with_admin", Boolean, "off", "on,off", true),
    ("azure.enable_temp_tablespaces_on_local_ssd", Boolean, "on", "on,off", true),
    ("azure.extensions", Set, "", EXTENSIONS, true),
    ("backslash_quote", Enumeration, "safe_encoding", "safe_encoding,on,off", true),
    ("bgwriter_delay", Integer, "20", "10-10000", true),
    ("bgwriter_lru_maxpages", Integer, "100", "0-1073741823", true),
    ("bytea_output", Enumeration, "hex", "escape,hex", true),
    ("checkpoint_completion_target", Numeric, "0.9", "0-1", true),
    ("checkpoint_timeout", Integer, "600", "30-86400", true),
    (
        "client_encoding",
        Enumeration,
        "UTF8",
        "BIG5,EUC_CN,EUC_JP,EUC_KR,LATIN1,LATIN2,SJIS,SQL_ASCII,UTF8,WIN1252",
        true,
    ),
    (
        "client_min_messages",
        Enumeration,
        "notice",
        "debug5,debug4,debug3,debug2,debug1,log,notice,warning,error",
        true,
    ),
    ("commit_delay", Integer, "0", "0-100000", true),
    ("connection_throttle.enable", Boolean, "off", "on,off", true),
    ("constraint_exclusion", Enumeration, "partition", "partition,on,off", true),
    ("cpu_index_tuple_cost", Numeric, "0.005", "0-1.79769e+308", true),
    ("cron.database_name", Text, "postgres", "[A-Za-z0-9_]+", false),
    ("cron.max_running_jobs", Integer, "32", "0-5000", false),
    ("cursor_tuple_fraction", Numeric, "0.1", "0-1", true),
    ("datestyle", Text, "ISO, MDY", "(iso|sql|postgres|german), *(dmy|mdy|ymd)", true),
    ("deadlock_timeout", Integer, "1000", "1-2147483647", true),
    ("default_statistics_target", Integer, "100", "1-10000", true),
    (
        "default_transaction_isolation",
        Enumeration,
        "read committed",
        "serializable,repeatable read,read committed,read uncommitted",
        true,
    ),
    ("effective_cache_size", Integer, "393216", "1-2147483647", true),
    ("effective_io_concurrency", Integer, "1", "0-1000", true),
    ("enable_hashjoin", Boolean, "on", "on,off", true),
    ("enable_nestloop", Boolean, "on", "on,off", true),
    ("enable_seqscan", Boolean, "on", "on,off", true),
    ("hot_standby_feedback", Boolean, "off", "on,off", true),
    ("huge_pages", Enumeration, "try", "on,off,try", false),
    ("idle_in_transaction_session_timeout", Integer, "0", "0-2147483647", true),
    ("intelligent_tuning", Boolean, "off", "on,off", true),
    ("jit", Boolean, "off", "on,off", true),
    ("lc_monetary", Text, "en_US.utf-8", "[A-Za-z0-9._ -]+", true),
    ("lock_timeout", Integer, "0", "0-2147483647", true),
    ("log_autovacuum_min_duration", Integer, "600000", "-1-2147483647", true),
    ("log_checkpoints", Boolean, "on", "on,off", true),
    ("log_connections", Boolean, "on", "on,off", true),
    ("log_disconnections", Boolean, "on", "on,off", true),
    ("log_duration", Boolean, "off", "on,off", true),
    ("log_error_verbosity", Enumeration, "default", "terse,default,verbose", true),
    ("log_line_prefix", Text, "%t-%c-", ".*", true),
    ("log_lock_waits", Boolean, "off", "on,off", true),
    ("log_min_duration_statement", Integer, "-1", "-1-2147483647", true),
    (
        "log_min_messages",
        Enumeration,
        "warning",
        "debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic",
        true,
    ),
    ("log_retention_days", Integer, "3", "1-7", true),
    ("log_statement", Enumeration, "none", "none,ddl,mod,all", true),
    ("log_temp_files", Integer, "-1", "-1-2147483647", true),
    ("logfiles.download_enable", Boolean, "off", "on,off", true),
    ("logfiles.retention_days", Integer, "3", "1-7", true),
    ("logical_decoding_work_mem", Integer, "65536", "64-2147483647", true),
    ("maintenance_work_mem", Integer, "99328", "1024-2097151", true),
    ("max_connections", Integer, "859", "25-5000", false),
    ("max_locks_per_transaction", Integer, "64", "10-8388608", false),
    ("max_logical_replication_workers", Integer, "4", "0-262143", false),
    ("max_parallel_maintenance_workers", Integer, "2", "0-64", true),
    ("max_parallel_workers", Integer, "8", "0-1024", true),
    ("max_parallel_workers_per_gather", Integer, "2", "0-1024", true),
    ("max_prepared_transactions", Integer, "0", "0-262143", false),
    ("max_replication_slots", Integer, "10", "2-262143", false),
    ("max_wal_senders", Integer, "10", "5-100", false),
    ("max_wal_size", Integer, "2048", "32-65536", true),
    ("max_worker_processes", Integer, "8", "0-262143", false),
    ("metrics.autovacuum_diagnostics", Boolean, "off", "on,off", true),
    ("metrics.collector_database_activity", Boolean, "off", "on,off", true),
    ("min_wal_size", Integer, "80", "32-65536", true),
    ("old_snapshot_threshold", Integer, "-1", "-1-86400", false),
    ("password_encryption", Enumeration, "md5", "md5,scram-sha-256", true),
    ("pg_qs.max_query_text_length", Integer, "6000", "100-10000", true),
    ("pg_qs.query_capture_mode", Enumeration, "none", "top,all,none", true),
    ("pg_qs.retention_period_in_days", Integer, "7", "1-30", true),
    ("pg_stat_statements.max", Integer, "5000", "100-2147483647", false),
    ("pg_stat_statements.track", Enumeration, "none", "top,all,none", true),
    ("pgaudit.log", Set, "none", "none,read,write,function,role,ddl,misc,all", true),
    ("pgaudit.log_parameter", Boolean, "off", "on,off", true),
    ("pgbouncer.default_pool_size", Integer, "50", "1-4950", true),
    ("pgbouncer.enabled", Boolean, "false", "true,false", true),
    ("pgbouncer.max_client_conn", Integer, "5000", "100-50000", true),
    ("pgbouncer.min_pool_size", Integer, "0", "0-2147483647", true),
    ("pgbouncer.pool_mode", Enumeration, "TRANSACTION", "TRANSACTION,SESSION,STATEMENT", true),
    ("pgms_wait_sampling.query_capture_mode", Enumeration, "none", "all,none", true),
    ("random_page_cost", Numeric, "2", "0-1.79769e+308", true),
    ("require_secure_transport", Boolean, "on", "on,off", true),
    ("search_path", Text, "\"$user\", public", "[A-Za-z0-9.\"$,_ -]+", true),
    ("session_replication_role", Enumeration, "origin", "origin,replica,local", true),
    ("shared_buffers", Integer, "131072", "16-1073741823", false),
    ("shared_preload_libraries", Set, "pg_cron,pg_stat_statements", LIBRARIES, false),
    ("ssl_max_protocol_version", Enumeration, "", ",TLSv1.2,TLSv1.3", true),
    ("ssl_min_protocol_version", Enumeration, "TLSv1.2", "TLSv1.2,TLSv1.3", true),
    ("statement_timeout", Integer, "0", "0-2147483647", true),
    ("synchronous_commit", Enumeration, "on", "local,remote_write,remote_apply,on,off", true),
    ("tcp_keepalives_idle", Integer, "120", "0-2147483647", true),
    ("temp_buffers", Integer, "1024", "100-1073741823", true),
    ("timezone", Text, "UTC", "[A-Za-z0-9/+_-]+", true),
    ("track_activity_query_size", Integer, "1024", "100-102400", false),
    ("track_commit_timestamp", Boolean, "off", "on,off", false),
    ("track_io_timing", Boolean, "off", "on,off", true),
    ("vacuum_cost_limit", Integer, "200", "1-10000", true),
    ("wal_buffers", Integer, "2048", "-1-262143", false),
    ("wal_level", Enumeration, "replica", "replica,logical", false),
    ("wal_sender_timeout", Integer, "60000", "0-2147483647", true),
    ("work_mem", Integer, "4096", "4096-2097151", true),
    ("xmlbinary", Enumeration, "base64", "base64,hex", true),
];

pub(in crate::services) struct Configuration;

fn find(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|(known, ..)| known.eq_ignore_ascii_case(name))
}

impl Behaviour for Configuration {
    fn prepare(&self, draft: &mut Draft<'_>) -> Result<(), ArmError> {
        let Some(parameter) = find(draft.name()) else {
            return Err(ArmError::new(
                404,
                "ConfigurationNotExists",
                format!("The configuration '{}' does not exist for this server.", draft.name()),
            ));
        };
        let (name, kind, default, allowed, is_dynamic) = *parameter;
        let value = draft.text(&["properties", "value"]).unwrap_or(default).to_owned();
        if !is_allowed(kind, allowed, &value) {
            return Err(ArmError::bad_request(
                "ServerParameterInvalidValue",
                format!(
                    "The value: [{value}] of Server Parameter: [{name}] is invalid. Allowed values are: [{allowed}]."
                ),
            ));
        }
        let changes = draft.before(&["properties", "value"]).and_then(Value::as_str) != Some(value.as_str());
        let was_waiting = draft.before(&["properties", "isConfigPendingRestart"]) == Some(&json!(true));
        let source = if value == default { "system-default" } else { "user-override" };
        let sent = text_at(&draft.sent, &["properties", "source"]).map(str::to_owned);
        let mut properties = properties_of(parameter, &value);
        properties["source"] = json!(sent.unwrap_or_else(|| source.to_owned()));
        properties["isConfigPendingRestart"] = json!((changes && !is_dynamic) || was_waiting);
        draft.body.insert("properties".into(), properties);
        Ok(())
    }

    fn implicit(&self, _view: View<'_>, parent: Option<&Resource>, name: &str) -> Option<Object> {
        parent?;
        let parameter = find(name)?;
        let body = json!({"properties": properties_of(parameter, parameter.2)});
        body.as_object().cloned()
    }

    fn implicit_names(&self) -> Vec<&'static str> {
        PARAMETERS.iter().map(|(name, ..)| *name).collect()
    }
}

fn properties_of(parameter: &Parameter, value: &str) -> Value {
    let (name, kind, default, allowed, is_dynamic) = *parameter;
    let data_type = match kind {
        Boolean => "Boolean",
        Integer => "Integer",
        Numeric => "Numeric",
        Enumeration => "Enumeration",
        Set => "Set",
        Text => "String",
    };
    json!({
        "value": value,
        "defaultValue": default,
        "dataType": data_type,
        "allowedValues": allowed,
        "source": "system-default",
        "description": format!("Server parameter {name}."),
        "isDynamicConfig": is_dynamic,
        "isReadOnly": false,
        "isConfigPendingRestart": false,
        "documentationLink": format!("https://go.microsoft.com/fwlink/?linkid={name}"),
    })
}

fn is_allowed(kind: Kind, allowed: &str, value: &str) -> bool {
    let one_of = |word: &str| allowed.split(',').any(|known| known.trim().eq_ignore_ascii_case(word.trim()));
    match kind {
        Boolean | Enumeration => one_of(value),
        Set => value.is_empty() || value.split(',').all(one_of),
        Integer => value.parse::<i64>().is_ok_and(|number| is_within(allowed, number as f64)),
        Numeric => value.parse::<f64>().is_ok_and(|number| is_within(allowed, number)),
        Text => true,
    }
}

/// Whether a number lies in a range such as `-1-100`.
fn is_within(range: &str, number: f64) -> bool {
    let split = range.get(1..).and_then(|rest| rest.find('-')).map(|at| at + 1);
    let (low, high) = match split {
        Some(at) => (&range[..at], &range[at + 1..]),
        None => (range, range),
    };
    low.parse::<f64>().is_ok_and(|low| number >= low) && high.parse::<f64>().is_ok_and(|high| number <= high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_allowed_and_names_sorted() {
        assert!(PARAMETERS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (name, kind, default, allowed, _) in PARAMETERS {
            assert!(is_allowed(*kind, allowed, default), "{name}");
        }
    }

    #[test]
    fn ranges_may_start_below_zero() {
        assert!(is_within("-1-100", -1.0) && is_within("-1-100", 100.0) && !is_within("-1-100", 101.0));
        assert!(is_allowed(Set, "a,b,c", "C,a") && !is_allowed(Set, "a,b", "d"));
    }
}
