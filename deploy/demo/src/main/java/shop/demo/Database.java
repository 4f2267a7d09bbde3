package shop.demo;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Products and orders in PostgreSQL. Every row it returns says which server gave it. */
final class Database implements AutoCloseable {
    private static final List<Product> STOCK = List.of(
            new Product("kettle", "Copper kettle", 4_900),
            new Product("lamp", "Reading lamp", 7_250),
            new Product("mug", "Stoneware mug", 1_450),
            new Product("rug", "Wool rug", 18_900));

    /** Which server answered and whether it is a replica, asked in the same statement as the row itself. */
    private static final String SERVER = "coalesce(nullif(current_setting('cluster_name'), ''), 'port '"
            + " || current_setting('port')) || case when pg_is_in_recovery() then ' (replica)' else ' (primary)' end";

    /** Somebody else made it at the same moment: duplicate object, table, schema or catalogue row. */
    private static final Set<String> MADE_ALREADY = Set.of("42710", "42P07", "42P06", "23505");

    private static final int ATTEMPTS = 5;

    private final HikariDataSource pool;

    Database(String url, int connections) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(connections);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(5_000);
        config.setInitializationFailTimeout(-1);
        pool = new HikariDataSource(config);
    }

    /** Makes tables and stock when they are not there; several instances may do so at once. */
    void prepare() throws SQLException {
        make("create table if not exists products (id text primary key, name text not null, cents bigint not null)");
        make("create table if not exists orders (user_id bigint not null, id bigint not null, product text not null,"
                + " quantity int not null, placed_at timestamptz not null default now(), receipt text,"
                + " primary key (user_id, id))");
        try (Connection connection = pool.getConnection();
                PreparedStatement insert = connection.prepareStatement(
                        "insert into products (id, name, cents) values (?, ?, ?) on conflict (id) do nothing")) {
            for (Product product : STOCK) {
                insert.setString(1, product.id());
                insert.setString(2, product.name());
                insert.setLong(3, product.cents());
                insert.executeUpdate();
            }
        }
    }

    private void make(String ddl) throws SQLException {
        for (int attempt = 1; ; attempt++) {
            try (Connection connection = pool.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute(ddl);
                return;
            } catch (SQLException e) {
                if (attempt == ATTEMPTS || !MADE_ALREADY.contains(String.valueOf(e.getSQLState()))) {
                    throw e;
                }
            }
        }
    }

    Steps.Outcome<List<Product>> products() throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement select = connection.prepareStatement(
                        "select id, name, cents, " + SERVER + " as server from products order by id");
                ResultSet rows = select.executeQuery()) {
            List<Product> products = new ArrayList<>();
            String server = "";
            while (rows.next()) {
                products.add(new Product(rows.getString(1), rows.getString(2), rows.getLong(3)));
                server = rows.getString(4);
            }
            return new Steps.Outcome<>(products, server);
        }
    }

    Steps.Outcome<Long> place(long user, long id, String product, int quantity) throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement insert =
                        connection.prepareStatement("insert into orders (user_id, id, product, quantity)"
                                + " values (?, ?, ?, ?) returning id, " + SERVER + " as server")) {
            insert.setLong(1, user);
            insert.setLong(2, id);
            insert.setString(3, product);
            insert.setInt(4, quantity);
            try (ResultSet row = insert.executeQuery()) {
                row.next();
                return new Steps.Outcome<>(row.getLong(1), row.getString(2));
            }
        }
    }

    Steps.Outcome<Optional<Order>> order(long user, long id) throws SQLException {
        List<Order> found = select(
                "select user_id, id, product, quantity, receipt, " + SERVER
                        + " as server from orders where user_id = ? and id = ?",
                user,
                id);
        return new Steps.Outcome<>(
                found.stream().findFirst(),
                found.isEmpty() ? "not found" : found.getFirst().server());
    }

    Steps.Outcome<List<Order>> orders(long user) throws SQLException {
        List<Order> found = select(
                "select user_id, id, product, quantity, receipt, " + SERVER
                        + " as server from orders where user_id = ? order by placed_at desc limit 20",
                user);
        return new Steps.Outcome<>(
                found, found.isEmpty() ? "none" : found.getFirst().server());
    }

    /** Notes the receipt; false when the order is not there. Doing it twice changes nothing more. */
    boolean receipt(long user, long id, String receipt) throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement update = connection.prepareStatement(
                        "update orders set receipt = coalesce(receipt, ?) where user_id = ? and id = ?")) {
            update.setString(1, receipt);
            update.setLong(2, user);
            update.setLong(3, id);
            return update.executeUpdate() == 1;
        }
    }

    private List<Order> select(String sql, long... keys) throws SQLException {
        try (Connection connection = pool.getConnection();
                PreparedStatement select = connection.prepareStatement(sql)) {
            for (int i = 0; i < keys.length; i++) {
                select.setLong(i + 1, keys[i]);
            }
            List<Order> orders = new ArrayList<>();
            try (ResultSet rows = select.executeQuery()) {
                while (rows.next()) {
                    orders.add(new Order(
                            rows.getLong(1),
                            rows.getLong(2),
                            rows.getString(3),
                            rows.getInt(4),
                            rows.getString(5),
                            rows.getString(6)));
                }
            }
            return orders;
        }
    }

    @Override
    public void close() {
        pool.close();
    }
}
