package io.plinth.dbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.postgres.PostgresBinaries;
import io.plinth.postgres.PostgresServer;
import io.plinth.postgres.PostgresSettings;
import io.plinth.testkit.FreePort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Transfers and reads while connections of clients and servers are cut, queries cancelled, replicas and clients held up:
 * nothing told is lost, nothing is done twice, no read is stale, no answer is another client's. {@code -Dchecker.seconds}
 * says for how long. {@code -Dplinth.seed} repeats a run's
 * choices.
 */
class CheckerIT {
    private static final int CLIENTS = 12;
    private static final int LONG = 20;
    private final int seconds = Integer.getInteger("checker.seconds", 3);
    private final long seed = Long.getLong("plinth.seed", System.nanoTime());
    private volatile @Nullable RunningNode proxy;
    private int cuts;

    private RunningNode proxy() {
        return Objects.requireNonNull(proxy);
    }

    private static Connection direct(PostgresServer server) throws SQLException {
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + server.port() + "/shop", "postgres", "");
    }

    @Test
    @Timeout(180)
    void nothingIsLostDoubledStaleOrAnothersWhileConnectionsAreCut(@TempDir Path state) throws Exception {
        Cluster cluster = Cluster.shared();
        proxy = cluster.single(state, "pool: { size: 5, wait: 20s }\nread-wait: 200ms");
        try (Connection server = direct(cluster.primary(0))) {
            Workload.prepare(server);
            Cluster.run(server, "GRANT ALL ON accounts, ledger TO shop");
            Workload work = new Workload(() -> Cluster.url(proxy(), ""), CLIENTS, seed);
            work.start();
            disturb(work, cluster.primary(0), cluster.replica(0), Math.min(seconds, 30));
            work.stop();
            demand(work, work.faults(server));
            assertThat(work.replicaReads.get()).as("reads on the replica").isPositive();
        } finally {
            proxy().close();
        }
    }

    @Test
    @Tag("long")
    @Timeout(600)
    void nothingIsLostOverAPromotionAndRestartsOfTheProxy(@TempDir Path state) throws Exception {
        Path folder = Files.createDirectory(Cluster.shared().log().resolveSibling("checked"));
        PostgresBinaries binaries = PostgresBinaries.unpack(folder.resolveSibling("."));
        PostgresServer primary = PostgresServer.primary(binaries, folder.resolve("a"), settings());
        PostgresServer replica = PostgresServer.replica(binaries, folder.resolve("b"), settings(), primary);
        primary.prepare();
        replica.prepare();
        for (PostgresServer server : List.of(primary, replica)) {
            server.start(folder.resolve("log"));
            server.awaitReady(Cluster.PATIENCE, folder.resolve("log"));
        }
        int port = FreePort.find();
        Path file =
                Files.writeString(state.resolve("plinth.yaml"), """
                    stack: test
                    nodes:
                      db: { run: db-proxy, port: %d, admin: 127.0.0.1:0, loops: 2 }
                    db-proxy:
                      databases:
                        shop:
                          health-interval: 50ms
                          failover-wait: 20s
                          pool: { size: 5, wait: 20s }
                          shards: { s0: { primary: 127.0.0.1:%d, replicas: { r1: 127.0.0.1:%d } } }
                    """.formatted(port, primary.port(), replica.port()));
        proxy = Cluster.start(file);
        try {
            Workload work = new Workload(() -> "jdbc:postgresql://127.0.0.1:" + port + "/shop", CLIENTS, seed);
            try (Connection server = direct(primary)) {
                // An acknowledged write that only the primary has would be lost by any promotion.
                Cluster.run(server, "ALTER SYSTEM SET synchronous_standby_names = '*'");
                Cluster.run(server, "SELECT pg_reload_conf()");
                Workload.prepare(server);
                Cluster.run(server, "GRANT ALL ON accounts, ledger TO shop");
            }
            work.start();
            disturb(work, primary, replica, seconds / 3);
            proxy().close();
            proxy = Cluster.start(file);
            disturb(work, primary, replica, seconds / 3);
            primary.kill();
            try (Connection server = direct(replica)) {
                Cluster.run(server, "ALTER SYSTEM SET synchronous_standby_names = ''");
                Cluster.text(server, "SELECT pg_promote()");
                Cluster.run(server, "SELECT pg_reload_conf()");
            }
            disturb(work, replica, replica, seconds / 3);
            work.stop();
            try (Connection server = direct(replica)) {
                demand(work, work.faults(server));
            }
        } finally {
            proxy().close();
            replica.stop();
        }
    }

    private static PostgresSettings settings() throws Exception {
        return PostgresSettings.trusting(FreePort.find(), "shop", "shop");
    }

    private void demand(Workload work, List<String> faults) {
        String told = "seed=" + seed + " cuts=" + cuts + " " + work;
        if (seconds >= LONG) {
            System.out.println("checker: " + told);
        }
        assertThat(faults).as(told).isEmpty();
        assertThat(work.stale).as("stale reads: " + told).hasValue(0);
        assertThat(work.foreign).as("answers of another client: " + told).hasValue(0);
        assertThat(work.torn).as("transactions seen in part: " + told).hasValue(0);
        assertThat(work.transfers.get()).as(told).isPositive();
        assertThat(cuts).as(told).isPositive();
    }

    /** Cuts and holds up, by the seed, for a while; then nothing is held up any more. */
    private void disturb(Workload work, PostgresServer primary, PostgresServer replica, int forSeconds)
            throws Exception {
        Random random = new Random(seed);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(forSeconds);
        try (Connection first = direct(primary);
                Connection second = direct(replica)) {
            while (System.nanoTime() < end) {
                disturb(work, random, first, second);
                TimeUnit.MILLISECONDS.sleep(5 + random.nextInt(40));
            }
        }
    }

    private void disturb(Workload work, Random random, Connection primary, Connection replica) throws Exception {
        String victim = "(pid) FROM pg_stat_activity WHERE usename = 'shop' AND backend_type = 'client backend'"
                + " AND pid % 5 = " + random.nextInt(5);
        Connection either = random.nextInt(3) == 0 ? replica : primary;
        switch (random.nextInt(7)) {
            case 0, 1 -> Cluster.run(either, "SELECT pg_terminate_backend" + victim);
            case 2 -> Cluster.run(either, "SELECT pg_cancel_backend" + victim);
            case 3 -> work.breakOne(random);
            case 4 -> {
                if (Cluster.text(replica, "SELECT pg_is_in_recovery()").equals("t")) {
                    Cluster.run(replica, "SELECT pg_wal_replay_pause()");
                    TimeUnit.MILLISECONDS.sleep(random.nextInt(60));
                    Cluster.run(replica, "SELECT pg_wal_replay_resume()");
                }
            }
            default -> hold(random);
        }
        cuts++;
    }

    /** An operator holds every client up for a moment. */
    private void hold(Random random) throws InterruptedException {
        if (proxy().daemon() instanceof DbProxy daemon) {
            daemon.databases().forEach(database -> database.gate().pause());
            TimeUnit.MILLISECONDS.sleep(random.nextInt(30));
            daemon.databases().forEach(database -> database.gate().resume());
        }
    }
}
