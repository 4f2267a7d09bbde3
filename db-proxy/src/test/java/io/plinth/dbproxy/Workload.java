package io.plinth.dbproxy;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Clients that move money between accounts, enter each move into a ledger, and read. What each was told is kept and held
 * against what the servers have in the end. Seeded: each client's choices are its own.
 */
final class Workload {
    private static final int ACCOUNTS = 20;
    private static final int EACH = 1000;
    private static final String[] OPTIONS = {
        "?preferQueryMode=simple", "?prepareThreshold=0", "?prepareThreshold=1", "?prepareThreshold=2"
    };

    final AtomicInteger stale = new AtomicInteger();
    final AtomicInteger foreign = new AtomicInteger();
    final AtomicInteger torn = new AtomicInteger();
    final AtomicInteger transfers = new AtomicInteger();
    final AtomicInteger reads = new AtomicInteger();
    final AtomicInteger replicaReads = new AtomicInteger();
    final AtomicInteger breaks = new AtomicInteger();
    private final Supplier<String> url;
    private final AtomicLongArray acknowledged;
    private final List<Client> clients = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile boolean over;

    Workload(Supplier<String> url, int count, long seed) {
        this.url = url;
        this.acknowledged = new AtomicLongArray(count);
        for (int i = 0; i < count; i++) {
            clients.add(new Client(i, seed + i));
        }
    }

    static void prepare(Connection connection) throws SQLException {
        Cluster.run(connection, "DROP TABLE IF EXISTS accounts, ledger");
        Cluster.run(connection, "CREATE TABLE accounts (id int PRIMARY KEY, balance bigint)");
        Cluster.run(
                connection,
                "CREATE TABLE ledger (client int, seq bigint, source int, target int, amount int, me text)");
        Cluster.run(connection, "CREATE INDEX ON ledger (client, seq)");
        Cluster.run(
                connection,
                "INSERT INTO accounts SELECT g, " + EACH + " FROM generate_series(0, " + (ACCOUNTS - 1) + ") g");
    }

    void start() {
        clients.forEach(client -> threads.add(Thread.ofVirtual().start(client)));
    }

    void stop() throws InterruptedException {
        over = true;
        for (Thread thread : threads) {
            thread.join();
        }
    }

    /** Takes one client's connection from it. */
    void breakOne(Random random) throws SQLException {
        Connection connection = clients.get(random.nextInt(clients.size())).connection;
        if (connection != null) {
            connection.abort((Executor) Runnable::run);
        }
    }

    /** What the servers have that nobody was told of, or do not have though somebody was: all should be empty. */
    List<String> faults(Connection server) throws SQLException {
        List<String> faults = new ArrayList<>();
        for (Client client : clients) {
            Set<Long> found = new HashSet<>();
            try (PreparedStatement select = server.prepareStatement(
                    "SELECT seq, count(*), min(me) FROM ledger WHERE client = ? GROUP BY seq")) {
                select.setInt(1, client.id);
                try (ResultSet rows = select.executeQuery()) {
                    while (rows.next()) {
                        long seq = rows.getLong(1);
                        found.add(seq);
                        check(faults, rows.getInt(2) == 1, "doubled", client, seq);
                        check(faults, client.name().equals(rows.getString(3)), "another's setting", client, seq);
                        check(faults, !client.failed.contains(seq), "done though refused", client, seq);
                    }
                }
            }
            client.done.forEach(seq -> check(faults, found.contains(seq), "lost", client, seq));
        }
        String wrong = Cluster.text(
                server,
                "SELECT count(*) FROM accounts a WHERE balance <> " + EACH
                        + " + (SELECT coalesce(sum(amount), 0) FROM ledger WHERE target = a.id)"
                        + " - (SELECT coalesce(sum(amount), 0) FROM ledger WHERE source = a.id)");
        if (!wrong.equals("0")) {
            faults.add(wrong + " accounts that the ledger does not explain");
        }
        return faults;
    }

    private static void check(List<String> faults, boolean right, String what, Client client, long seq) {
        if (!right) {
            faults.add(what + " - client=" + client.id + " seq=" + seq);
        }
    }

    @Override
    public String toString() {
        return "transfers=" + transfers + " reads=" + reads + " on replicas=" + replicaReads + " broken=" + breaks
                + " stale=" + stale + " foreign=" + foreign + " torn=" + torn;
    }

    private final class Client implements Runnable {
        private final int id;
        private final Random random;
        private final Set<Long> done = new HashSet<>();
        private final Set<Long> failed = new HashSet<>();
        private long next = 1;
        private volatile @Nullable Connection connection;

        Client(int id, long seed) {
            this.id = id;
            this.random = new Random(seed);
        }

        String name() {
            return "c" + id;
        }

        @Override
        public void run() {
            while (!over) {
                String options = OPTIONS[random.nextInt(OPTIONS.length)] + "&socketTimeout=20&loginTimeout=20";
                try (Connection open = DriverManager.getConnection(url.get() + options, "shop", "")) {
                    connection = open;
                    Cluster.run(open, "SET checker.me TO '" + name() + "'");
                    while (!over) {
                        step(open);
                    }
                } catch (SQLException e) {
                    breaks.incrementAndGet();
                } finally {
                    connection = null;
                }
            }
        }

        private void step(Connection open) throws SQLException {
            switch (random.nextInt(10)) {
                case 0 -> total(open);
                case 1, 2, 3 -> transfer(open);
                default -> read(open);
            }
        }

        private void transfer(Connection open) throws SQLException {
            long seq = next++;
            int first = random.nextInt(ACCOUNTS - 1);
            int second = first + 1 + random.nextInt(ACCOUNTS - 1 - first);
            int amount = random.nextInt(21) - 10;
            boolean asked = false;
            try {
                open.setAutoCommit(false);
                move(open, first, -amount);
                move(open, second, amount);
                try (PreparedStatement insert = open.prepareStatement(
                        "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, current_setting('checker.me'))")) {
                    insert.setInt(1, id);
                    insert.setLong(2, seq);
                    insert.setInt(3, first);
                    insert.setInt(4, second);
                    insert.setInt(5, amount);
                    insert.executeUpdate();
                }
                asked = true;
                open.commit();
                done.add(seq);
                acknowledged.set(id, seq);
                transfers.incrementAndGet();
                open.setAutoCommit(true);
            } catch (SQLException e) {
                if (!asked) {
                    failed.add(seq);
                }
                throw e;
            }
        }

        private void move(Connection open, int account, int amount) throws SQLException {
            try (PreparedStatement update =
                    open.prepareStatement("UPDATE accounts SET balance = balance + ? WHERE id = ?")) {
                update.setInt(1, amount);
                update.setInt(2, account);
                update.executeUpdate();
            }
        }

        /** Some client's last entry: at least what that client was told of before. */
        private void read(Connection open) throws SQLException {
            int other = random.nextInt(clients.size());
            String token = name() + "-" + random.nextInt();
            long told = acknowledged.get(other);
            try (PreparedStatement select = open.prepareStatement("SELECT '" + name()
                    + "', ?, coalesce(max(seq), 0), pg_is_in_recovery(), current_setting('checker.me')"
                    + " FROM ledger WHERE client = ?")) {
                select.setString(1, token);
                select.setInt(2, other);
                try (ResultSet rows = select.executeQuery()) {
                    rows.next();
                    boolean mine = name().equals(rows.getString(1))
                            && token.equals(rows.getString(2))
                            && name().equals(rows.getString(5));
                    count(foreign, !mine);
                    count(stale, rows.getLong(3) < told);
                    count(replicaReads, rows.getBoolean(4));
                    reads.incrementAndGet();
                }
            }
        }

        /** No transaction is seen in part. */
        private void total(Connection open) throws SQLException {
            String sum = Cluster.text(open, "SELECT sum(balance) FROM accounts");
            count(torn, !sum.equals(String.valueOf(ACCOUNTS * EACH)));
        }

        private static void count(AtomicInteger counter, boolean one) {
            if (one) {
                counter.incrementAndGet();
            }
        }
    }
}
