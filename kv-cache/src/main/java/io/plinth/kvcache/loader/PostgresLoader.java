package io.plinth.kvcache.loader;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.plinth.kvcache.loader.LoaderConfig.SqlConfig;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Asks PostgreSQL, by statements with parameters, over a pool of connections. */
final class PostgresLoader implements Loader {
    private static final long LEAST_WAIT_MILLIS = 250;

    private final SqlTemplate load;
    private final @Nullable SqlTemplate store;
    private final @Nullable SqlTemplate remove;
    private final int timeoutSeconds;
    private final long maxValue;
    private final HikariDataSource pool;

    PostgresLoader(String name, SqlConfig config, Duration timeout, int connections, long maxValue) {
        this.load = new SqlTemplate(config.load());
        this.store = config.store() == null ? null : new SqlTemplate(config.store());
        this.remove = config.remove() == null ? null : new SqlTemplate(config.remove());
        this.timeoutSeconds = Math.toIntExact(Math.max(1, (timeout.toMillis() + 999) / 1000));
        this.maxValue = maxValue;
        HikariConfig hikari = new HikariConfig();
        hikari.setPoolName(name);
        hikari.setJdbcUrl(config.url());
        hikari.setUsername(config.user());
        hikari.setPassword(config.password() == null ? null : config.password().reveal());
        hikari.setMaximumPoolSize(connections);
        hikari.setMinimumIdle(0);
        hikari.setConnectionTimeout(Math.max(LEAST_WAIT_MILLIS, timeout.toMillis()));
        // The node starts without its database.
        hikari.setInitializationFailTimeout(-1);
        hikari.addDataSourceProperty("connectTimeout", Integer.toString(timeoutSeconds));
        hikari.addDataSourceProperty("socketTimeout", Integer.toString(timeoutSeconds + 1));
        hikari.addDataSourceProperty("ApplicationName", "plinth kv-cache " + name);
        this.pool = new HikariDataSource(hikari);
    }

    private Connection connection() throws LoaderException {
        try {
            return pool.getConnection();
        } catch (SQLException e) {
            throw LoaderException.down("no connection: " + e.getMessage(), e);
        }
    }

    private static PreparedStatement prepared(
            Connection connection, SqlTemplate template, LoaderKey key, byte @Nullable [] value) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(template.sql());
        int i = 1;
        for (String name : template.parameters()) {
            switch (name) {
                // Without a type, so that the server takes it as what the column is.
                case "key" -> statement.setObject(i, key.key(), Types.OTHER);
                case "name" -> statement.setObject(i, key.name(), Types.OTHER);
                case "value" ->
                    statement.setObject(
                            i, value == null ? null : new String(value, StandardCharsets.UTF_8), Types.OTHER);
                default -> statement.setBytes(i, value);
            }
            i++;
        }
        return statement;
    }

    @Override
    public Answer load(LoaderKey key) throws LoaderException {
        try (Connection connection = connection();
                PreparedStatement statement = prepared(connection, load, key, null)) {
            statement.setQueryTimeout(timeoutSeconds);
            statement.setMaxRows(1);
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    return Answer.of(null);
                }
                byte[] value = value(rows);
                if (value != null && value.length > maxValue) {
                    throw LoaderException.refused(
                            "value: " + value.length + " bytes (expected: at most max-value, " + maxValue + ")");
                }
                return Answer.of(value);
            }
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    private static byte @Nullable [] value(ResultSet rows) throws SQLException {
        if (rows.getMetaData().getColumnType(1) == Types.BINARY) {
            return rows.getBytes(1);
        }
        String text = rows.getString(1);
        return text == null ? null : text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void store(LoaderKey key, byte[] value) throws LoaderException {
        update("store", store, key, value);
    }

    @Override
    public void remove(LoaderKey key) throws LoaderException {
        update("remove", remove, key, null);
    }

    private void update(String what, @Nullable SqlTemplate template, LoaderKey key, byte @Nullable [] value)
            throws LoaderException {
        if (template == null) {
            throw LoaderException.refused("postgres." + what + ": none (expected: a statement)");
        }
        try (Connection connection = connection();
                PreparedStatement statement = prepared(connection, template, key, value)) {
            statement.setQueryTimeout(timeoutSeconds);
            statement.execute();
        } catch (SQLException e) {
            throw failure(e);
        }
    }

    /** Classes 08 (connection), 57 (ended by somebody) and XX leave it open whether a statement was done. */
    private static LoaderException failure(SQLException e) {
        String state = e.getSQLState();
        boolean open = state == null || state.startsWith("08") || state.startsWith("57") || state.startsWith("XX");
        String message = String.valueOf(e.getMessage());
        if (open) {
            return LoaderException.broken(message, e);
        }
        // Data that does not fit, and constraints (PostgreSQL, appendix A): the same write is refused again.
        return state.startsWith("22") || state.startsWith("23")
                ? LoaderException.refusedForGood(message)
                : LoaderException.refused(message);
    }

    @Override
    public void close() {
        pool.close();
    }
}
