package io.plinth.dbproxy;

import io.plinth.dbproxy.database.TableSchemes;
import io.plinth.dbproxy.mirror.MirrorConfig;
import io.plinth.dbproxy.rule.RuleConfig;
import io.plinth.dbproxy.session.ClientBounds;
import io.plinth.dbproxy.shard.Directory;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.trace.TracingConfig;
import io.plinth.kit.config.Check;
import io.plinth.kit.config.Checked;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.Key;
import io.plinth.kit.config.Range;
import io.plinth.kit.config.Secret;
import io.plinth.kit.config.Shorthand;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The section {@code db-proxy}. */
@Doc("The PostgreSQL proxy: pooled connections, reads to replicas, tables over shards.")
public record DbProxyConfig(
        @Doc("Databases by the name clients connect to.") Map<String, DatabaseConfig> databases,

        @Doc("TLS towards clients; none where left out.") @Nullable
        TlsConfig tls,

        @Doc("The admin console.") ConsoleConfig console,

        @Doc("Spans of statements; none where left out.") @Nullable
        TracingConfig tracing,

        @Doc("Client connections at most.") @Default("10000") @Range(min = "1", max = "1000000")
        int clients,

        @Doc("How long a client may take to log in.") @Default("10s") @Range(min = "10ms", max = "10m")
        Duration loginTimeout,

        @Doc("The longest message taken from a client, rows and copied data aside.")
        @Default("16MiB")
        @Range(min = "64KiB", max = "1GiB")
        DataSize maxMessage,

        @Doc("Bytes a client may send ahead of the next Sync.") @Default("64MiB") @Range(min = "64KiB", max = "1GiB")
        DataSize maxPipeline,

        @Doc("Messages a client may send ahead of the next Sync.")
        @Default("100000")
        @Range(min = "10", max = "10000000")
        int maxPipelineMessages,

        @Doc("Prepared statements one client may keep.") @Default("4096") @Range(min = "1", max = "1000000")
        int preparedStatements,

        @Doc("Prepared statements kept on one server connection; the least recently used goes first.")
        @Default("500")
        @Range(min = "1", max = "100000")
        int serverPreparedStatements,

        @Doc("Plans of SQL texts kept per event loop.") @Default("2000") @Range(min = "0", max = "1000000")
        int plans,

        @Doc("Memory that plans kept by text, and those kept by text apart from its literals, may take per database"
                + " and event loop: so much for each of the two.")
        @Default("8MiB")
        @Range(min = "64KiB", max = "1GiB")
        DataSize planMemory,

        @Doc("Statements, apart from their literals, whose latency is kept per database and event loop; 0 for none.")
        @Default("200")
        @Range(min = "0", max = "10000")
        int statements)
        implements Checked {

    /** TLS towards clients. */
    @Doc("Certificate and key shown to clients, asked for or begun directly (ALPN postgresql).")
    public record TlsConfig(
            @Doc("PEM file of the certificate and its chain; relative to this file.")
            Path cert,

            @Doc("PEM file of the private key (PKCS#8); relative to this file.")
            Path key,

            @Doc("PEM file of the authorities for clients' certificates; none are asked for where left out.") @Nullable
            Path clientCa,

            @Doc("Whether clients from other machines must use TLS.") @Default("false")
            boolean required) {}

    /** The admin console. */
    @Doc("A database that is none: its users send it PgBouncer's console commands. Off while it has no users.")
    public record ConsoleConfig(
            @Doc("The name operators connect to.") @Default("pgbouncer")
            String database,

            @Doc("Users by name who may send every command.")
            Map<String, OperatorConfig> adminUsers,

            @Doc("Users by name who may send SHOW commands only.")
            Map<String, OperatorConfig> statsUsers,

            @Doc("Whether operators on this machine need no password (trust) or log in like all others (scram).")
            @Default("scram")
            Loopback loopback) {

        public boolean off() {
            return adminUsers.isEmpty() && statsUsers.isEmpty();
        }
    }

    /** Who may use the console. */
    @Doc("An operator.")
    public record OperatorConfig(
            @Doc("The password operators prove with SCRAM-SHA-256.") @Nullable
            Secret password,

            @Doc("Instead of the password, PostgreSQL's stored form of it.") @Nullable
            Secret verifier) {}

    /** TLS towards servers. */
    @Doc("TLS towards the servers of a database.")
    @Shorthand("mode")
    public record ServerTlsConfig(
            @Doc("off, prefer (where the server has it), require (whatever its certificate), verify (its chain and"
                    + " name).")
            @Default("off")
            ServerTlsMode mode,

            @Doc("PEM file of the authorities that verify trusts; the JVM's where left out.") @Nullable
            Path ca) {}

    /** Whether server connections are encrypted. */
    public enum ServerTlsMode {
        OFF,
        PREFER,
        REQUIRE,
        VERIFY
    }

    /** Users known to the servers only. */
    @Doc("How users that are not configured are looked up on the default shard's primary.")
    public record AuthQueryConfig(
            @Doc("The user who asks.") String user,

            @Doc("The asking user's password.") @Nullable Secret password,

            @Doc("The question; $1 stands for the name, the second column is the stored password.")
            @Default("SELECT rolname, rolpassword FROM pg_catalog.pg_authid WHERE rolname = $1 AND rolcanlogin"
                    + " AND (rolvaliduntil IS NULL OR rolvaliduntil > pg_catalog.now())")
            String sql) {}

    /** One database. */
    @Doc("One database: its users, servers, pools and sharded tables.")
    public record DatabaseConfig(
            @Doc("Users by name; one named like the database where left out.")
            Map<String, UserConfig> users,

            @Doc("Whether clients from this machine need no password (trust) or log in like all others (scram).")
            @Default("trust")
            Loopback loopback,

            @Doc("Access rules in pg_hba.conf's form, instead of loopback; relative to this file.") @Nullable
            Path hba,

            @Doc("Looks up users that are not configured.") @Nullable
            AuthQueryConfig authQuery,

            @Doc("Whether the password of a user who is not configured may be tried on a server (access method"
                    + " password).")
            @Default("false")
            boolean passThrough,

            @Doc("Users kept that are not configured; the least recently used is forgotten.")
            @Default("1000")
            @Range(min = "1", max = "1000000")
            int learnedUsers,

            @Doc("Clients at most.") ClientBounds clients,

            @Doc("TLS towards the servers.") ServerTlsConfig serverTls,

            @Doc("Pools of server connections.") PoolConfig pool,

            @Doc("Shards by name; one is enough for a database that is not sharded.")
            Map<String, ShardConfig> shards,

            @Doc("The shard of everything that is not in a sharded table; the first by name where left out.")
            @Key("default")
            @Nullable
            String defaultShard,

            @Doc("Tables that are not simply on the default shard, by name.")
            Map<String, TableConfig> tables,

            @Doc("Shards by the names of schemas that are on one of them as a whole; tables there are named with their"
                    + " schema.")
            Map<String, String> schemas,

            @Doc("Entries that one lookup table (by: directory) may have; they are kept in memory.")
            @Default("1000000")
            @Range(min = "1", max = "100000000")
            int directoryEntries,

            @Doc("Whose writes a client's reads must see: all that this proxy has acknowledged (proxy; database is its"
                + " older name), its own connection's (session), those and all of the causal key that a comment names"
                + " (key: /* plinth: key=user-42 */), none (off).")
            @Default("proxy")
            ReadYourWrites readYourWrites,

            @Doc("Causal keys whose last write is kept, for each shard one; those forgotten count as written last.")
            @Default("100000")
            @Range(min = "1", max = "10000000")
            int causalKeys,

            @Doc("How long a read waits for a replica that has replayed those writes before it goes to the primary.")
            @Default("5ms")
            @Range(min = "0ms", max = "10s")
            Duration readWait,

            @Doc("How long requests wait for a primary, as during a promotion, before they fail.")
            @Default("2s")
            @Range(min = "0ms", max = "10m")
            Duration failoverWait,

            @Doc("A replica that lags more than this behind its primary takes no reads.")
            @Default("16MiB")
            @Range(min = "0B")
            DataSize maxLag,

            @Doc("Rows of several shards kept to be combined for one query: groups, distinct rows.")
            @Default("64MiB")
            @Range(min = "64KiB", max = "1GiB")
            DataSize maxMerge,

            @Doc("Whether transactions may write on several shards, by PostgreSQL's PREPARE TRANSACTION: on or off. The"
                    + " servers' max_prepared_transactions must be at least pool.size.")
            @Default("off")
            TwoPhaseMode twoPhase,

            @Doc("How long a shard may take to prepare such a transaction, and how long its commit is waited for. Also"
                    + " its lock_timeout where the client has set none, as no server sees a deadlock of several.")
            @Default("10s")
            @Range(min = "10ms", max = "10m")
            Duration twoPhaseTimeout,

            @Doc("A server that is sent reads as well; none where left out.") @Nullable
            MirrorConfig mirror,

            @Doc("Rules for statements, by name.") Map<String, RuleConfig> rules,

            @Doc("A statement that takes this long is told to the log and kept for /slow; 0ms for none.")
            @Default("1s")
            @Range(min = "0ms", max = "1d")
            Duration slowStatement,

            @Doc("How often servers are asked for their role and position.")
            @Default("500ms")
            @Range(min = "10ms", max = "1m")
            Duration healthInterval) {}

    /** Who may connect. */
    @Doc("A user; known to the servers under the same name and password unless it says otherwise.")
    public record UserConfig(
            @Doc("The password clients prove with SCRAM-SHA-256.") @Nullable
            Secret password,

            @Doc("Instead of the password, PostgreSQL's stored form of it: SCRAM-SHA-256$4096:salt$stored:server.")
            @Nullable
            Secret verifier,

            @Doc("The user on the servers; the same name where left out.") @Nullable
            String serverUser,

            @Doc("The password on the servers; the client's where left out.") @Nullable
            Secret serverPassword) {}

    /** How clients from this machine log in. */
    public enum Loopback {
        TRUST,
        SCRAM
    }

    /** When a server connection returns to its pool. */
    public enum PoolMode {
        TRANSACTION,
        SESSION,
        STATEMENT
    }

    /** What a client's reads are sure to see. */
    public enum ReadYourWrites {
        PROXY,
        DATABASE,
        SESSION,
        KEY,
        OFF
    }

    /** Whether a transaction may write on several shards. */
    public enum TwoPhaseMode {
        ON,
        OFF
    }

    /** How a table's rows are spread. */
    public enum By {
        HASH,
        RING,
        RANGE,
        LIST,
        DIRECTORY,
        GEOGRAPHY,
        REFERENCE,
        DOMAIN
    }

    /** Pools of one database. */
    @Doc("Pools of server connections, one for each server and user.")
    public record PoolConfig(
            @Doc("How long a client keeps a server connection: a transaction, its session, or a statement.")
            @Default("transaction")
            PoolMode mode,

            @Doc("Server connections to one server for one user, at most.")
            @Default("20")
            @Range(min = "1", max = "10000")
            int size,

            @Doc("Server connections of one user to all servers of the database, at most; 0 for no bound.")
            @Default("0")
            @Range(min = "0", max = "100000")
            int maxUser,

            @Doc("Server connections of all users to all servers of the database, at most; 0 for no bound.")
            @Default("0")
            @Range(min = "0", max = "100000")
            int maxDatabase,

            @Doc("Server connections of all users to one server of the database, at most; 0 for no bound.")
            @Default("0")
            @Range(min = "0", max = "100000")
            int maxServer,

            @Doc("How long a client waits for a server connection.")
            @Key("wait")
            @Default("5s")
            @Range(min = "1ms", max = "10m")
            Duration patience,

            @Doc("Clients that may wait for one server's connections on one event loop.")
            @Default("10000")
            @Range(min = "1", max = "1000000")
            int queue,

            @Doc("How long connecting and logging in to a server may take.")
            @Default("5s")
            @Range(min = "10ms", max = "10m")
            Duration connectTimeout,

            @Doc("A server connection unused for this long is closed.") @Default("10m") @Range(min = "1s", max = "30d")
            Duration idle,

            @Doc("A server connection this old is closed when it is next unused.")
            @Default("1h")
            @Range(min = "1s", max = "30d")
            Duration lifetime) {}

    /** One shard. */
    @Doc("One shard: a primary and its replicas.")
    public record ShardConfig(
            @Doc("The server that takes writes.") HostPort primary,

            @Doc("Servers that take reads, by name.") Map<String, ReplicaConfig> replicas,

            @Doc("The database's name on the servers; the same name where left out.") @Nullable
            String database) {}

    /** One replica. */
    @Doc("One replica.")
    @Shorthand("at")
    public record ReplicaConfig(
            @Doc("Its address.") HostPort at,

            @Doc("The region it stands in; the node's own where left out.") @Nullable
            String region) {}

    /** One sharded table. */
    @Doc("A table that is not simply on the default shard.")
    public record TableConfig(
            @Doc("The column that decides a row's shard; none for by: reference and by: domain.") @Nullable
            String key,

            @Doc("How: hash (PostgreSQL's partition hash over 1024 buckets), ring (the same buckets on a"
                    + " consistent-hash ring), range, list, directory (a lookup table, changed with POST"
                    + " /directory of the admin server), geography (a column of countries), reference (every shard"
                    + " has all rows), domain (all rows on one shard).")
            @Default("hash")
            By by,

            @Doc("The column's type: bigint (also integer and smallint), text (also varchar), character, uuid, date,"
                    + " timestamp, timestamptz, numeric or bytea.")
            @Default("bigint")
            KeyType type,

            @Doc("Further columns of the key with their types, for hash and ring; hashed behind the first one in"
                    + " the order of their names.")
            Map<String, KeyType> also,

            @Doc("For range: ranges by name, none over another.")
            Map<String, RangeConfig> ranges,

            @Doc("By shard, for list: values; for geography: countries (DE), continents (EU) or regions of this file.")
            Map<String, List<String>> values,

            @Doc("The shard of all other values, for list, geography and directory; they are refused where left out.")
            @Nullable
            String rest,

            @Doc("For domain: the shard that has the table.") @Nullable
            String shard,

            @Doc("For directory: the lookup table's name, which tables may share; the table's own where left out.")
            @Nullable
            String directory) {}

    /** A range of a key's values. */
    @Doc("From a value, included, to another, not included.")
    public record RangeConfig(
            @Doc("The first value; no bound where left out.") @Nullable
            String from,

            @Doc("The value behind the last; no bound where left out.") @Nullable
            String to,

            @Doc("The shard that has these rows.") String shard) {}

    @Override
    public void check(Check check) {
        if (!console.off() && databases.containsKey(console.database)) {
            check.problem("console.database", "database: " + console.database + " (expected: no name of databases)");
        }
        if (tracing != null) {
            tracing.check(check);
        }
        databases.forEach((name, database) -> {
            String path = "databases." + name;
            if (database.shards.isEmpty()) {
                check.problem(path, "shards: none (expected: at least one, such as s0: { primary: 127.0.0.1:5432 })");
            }
            String first = database.defaultShard;
            if (first != null) {
                check.reference(path + ".default", "shard", first, database.shards.keySet());
            }
            if (!database.tables.isEmpty() && database.shards.size() > 1024) {
                check.problem(path + ".shards", "shards: " + database.shards.size() + " (expected: at most 1024)");
            }
            TableSchemes schemes =
                    new TableSchemes(database.shards.keySet(), check.stack().regions(), directory -> new Directory(0));
            database.tables.forEach((table, config) -> {
                try {
                    schemes.table(table, config);
                } catch (IllegalArgumentException e) {
                    check.problem(path + ".tables." + table, String.valueOf(e.getMessage()));
                }
            });
            database.schemas.forEach((schema, shard) ->
                    check.reference(path + ".schemas." + schema, "shard", shard, database.shards.keySet()));
            database.rules.forEach(
                    (rule, config) -> config.check(check, path + ".rules." + rule, database.shards.keySet()));
            database.users.forEach((user, config) -> {
                if (config.password != null && config.verifier != null) {
                    check.problem(path + ".users." + user, "password and verifier (expected: one of them)");
                }
            });
            database.shards.forEach((shard, config) -> config.replicas.forEach((replica, at) -> {
                String region = at.region;
                if (region != null && !check.stack().regions().isEmpty()) {
                    check.reference(
                            path + ".shards." + shard + ".replicas." + replica + ".region",
                            "region",
                            region,
                            new TreeSet<>(check.stack().regions().keySet()));
                }
            }));
        });
    }
}
