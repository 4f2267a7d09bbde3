package io.plinth.dbproxy.console;

import io.plinth.dbproxy.DbProxyConfig;
import io.plinth.dbproxy.DbProxyConfig.PoolConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What SHOW CONFIG tells: PgBouncer's names for what they mean here, and the file's own keys. Stateless. */
final class Settings {
    private final Operations operations;

    Settings(Operations operations) {
        this.operations = operations;
    }

    List<List<@Nullable String>> rows() {
        DbProxyConfig config = operations.config().get();
        Map<String, String> values = new TreeMap<>();
        values.put("listen_port", String.valueOf(operations.port().getAsInt()));
        values.put("max_client_conn", String.valueOf(config.clients()));
        values.put("client_login_timeout", seconds(config.loginTimeout().toMillis()));
        values.put("max_packet_size", String.valueOf(config.maxMessage().bytes()));
        values.put("max_prepared_statements", String.valueOf(config.serverPreparedStatements()));
        values.put("stats_period", String.valueOf(Statistics.PERIOD_SECONDS));
        values.put(
                "admin_users", String.join(", ", config.console().adminUsers().keySet()));
        values.put(
                "stats_users", String.join(", ", config.console().statsUsers().keySet()));
        values.put("max_user_connections", "0");
        values.put("max_db_connections", "0");
        if (!config.databases().isEmpty()) {
            // PgBouncer has one default for all; a database's own are below.
            common(values, config.databases().values().iterator().next().pool());
        }
        config.databases().forEach((name, database) -> {
            PoolConfig pool = database.pool();
            String prefix = "databases." + name + ".pool.";
            values.put(prefix + "mode", pool.mode().name().toLowerCase(java.util.Locale.ROOT));
            values.put(prefix + "size", String.valueOf(pool.size()));
            values.put(prefix + "max-user", String.valueOf(pool.maxUser()));
            values.put(prefix + "max-database", String.valueOf(pool.maxDatabase()));
            values.put(prefix + "max-server", String.valueOf(pool.maxServer()));
            values.put(prefix + "wait", seconds(pool.patience().toMillis()));
            values.put(prefix + "idle", seconds(pool.idle().toMillis()));
            values.put(prefix + "lifetime", seconds(pool.lifetime().toMillis()));
        });
        List<List<@Nullable String>> rows = new ArrayList<>();
        values.forEach((key, value) -> {
            List<@Nullable String> row = new ArrayList<>();
            row.add(key);
            row.add(value);
            row.add(null);
            row.add(key.equals("listen_port") || key.equals("max_prepared_statements") ? "no" : "yes");
            rows.add(row);
        });
        return rows;
    }

    private static void common(Map<String, String> values, PoolConfig pool) {
        values.put("pool_mode", pool.mode().name().toLowerCase(java.util.Locale.ROOT));
        values.put("default_pool_size", String.valueOf(pool.size()));
        values.put("query_wait_timeout", seconds(pool.patience().toMillis()));
        values.put("server_connect_timeout", seconds(pool.connectTimeout().toMillis()));
        values.put("server_idle_timeout", seconds(pool.idle().toMillis()));
        values.put("server_lifetime", seconds(pool.lifetime().toMillis()));
    }

    private static String seconds(long millis) {
        return millis % 1000 == 0 ? String.valueOf(millis / 1000) : String.valueOf(millis / 1000.0);
    }
}
