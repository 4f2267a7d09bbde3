package io.plinth.postgres;

import java.util.Map;
import java.util.TreeMap;

/**
 * What one server is told. Written to its folder again at every start, so a changed value needs a restart only.
 *
 * @param port on 127.0.0.1, fixed
 * @param sharedBuffers bytes of shared_buffers
 * @param connections max_connections; a replica needs at least its primary's
 * @param access who may connect from loopback, and how
 * @param databases databases made when the folder is made, each with the role that owns it and may log in
 * @param password of every role made here, the superuser {@code postgres} included; empty with {@link Access#TRUST}
 */
public record PostgresSettings(
        int port, long sharedBuffers, int connections, Access access, Map<String, String> databases, String password) {

    /** How clients on loopback prove who they are; nobody else is let in. */
    public enum Access {
        /** Anybody on this machine is who they say. */
        TRUST,
        /** SCRAM-SHA-256 with {@link PostgresSettings#password}, replication included. */
        SCRAM
    }

    public PostgresSettings {
        databases = Map.copyOf(databases);
        if (port < 1 || port > 65_535) {
            throw new IllegalArgumentException("PostgreSQL port: " + port + " (expected: 1 to 65535)");
        }
        if (access == Access.SCRAM && password.isEmpty()) {
            throw new IllegalArgumentException("PostgreSQL password: empty (expected: one, with SCRAM access)");
        }
    }

    /** A small server open to everybody on this machine, with one database of one role. */
    public static PostgresSettings trusting(int port, String database, String owner) {
        return new PostgresSettings(port, 32L << 20, 100, Access.TRUST, Map.of(database, owner), "");
    }

    /** The configuration file, included by {@code postgresql.conf}. */
    String configuration(String primaryConnection) {
        return """
            listen_addresses = '127.0.0.1'
            port = %d
            unix_socket_directories = ''
            max_connections = %d
            shared_buffers = '%dkB'
            fsync = on
            wal_level = replica
            wal_log_hints = on
            wal_keep_size = '256MB'
            max_wal_senders = 10
            max_replication_slots = 10
            max_prepared_transactions = %d
            hot_standby = on
            wal_retrieve_retry_interval = 200ms
            io_workers = 1
            password_encryption = 'scram-sha-256'
            log_destination = 'stderr'
            logging_collector = off
            primary_conninfo = %s
            """.formatted(
                        port, connections, Math.max(128, sharedBuffers >> 10), connections, literal(primaryConnection));
    }

    String hostBasedAccess() {
        String method = access == Access.TRUST ? "trust" : "scram-sha-256";
        return """
            # type database user address method
            host all all 127.0.0.1/32 %1$s
            host all all ::1/128 %1$s
            host replication all 127.0.0.1/32 %1$s
            host replication all ::1/128 %1$s
            """.formatted(method);
    }

    /** One statement a line, for the single-user mode. */
    String setup() {
        StringBuilder sql = new StringBuilder();
        String secret = password.isEmpty() ? "" : " PASSWORD " + literal(password);
        if (!secret.isEmpty()) {
            sql.append("ALTER ROLE postgres").append(secret).append(";\n");
        }
        databases.values().stream()
                .distinct()
                .filter(role -> !role.equals("postgres"))
                .sorted()
                .forEach(role -> sql.append("CREATE ROLE ")
                        .append(identifier(role))
                        .append(" LOGIN")
                        .append(secret)
                        .append(";\n"));
        new TreeMap<>(databases).forEach((database, owner) -> {
            if (!database.equals("postgres")) {
                sql.append("CREATE DATABASE ").append(identifier(database));
                sql.append(" OWNER ").append(identifier(owner)).append(";\n");
            }
        });
        return sql.toString();
    }

    /** How a replica reaches a server with these settings. */
    String connectionOf(String replicaName) {
        String secret = password.isEmpty()
                ? ""
                : " password='" + password.replace("\\", "\\\\").replace("'", "\\'") + "'";
        return "host=127.0.0.1 port=" + port + " user=postgres application_name=" + replicaName + secret;
    }

    private static String literal(String text) {
        return "'" + text.replace("'", "''") + "'";
    }

    private static String identifier(String name) {
        return "\"" + name.replace("\"", "\"\"") + "\"";
    }
}
