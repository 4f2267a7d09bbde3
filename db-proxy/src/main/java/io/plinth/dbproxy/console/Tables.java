package io.plinth.dbproxy.console;

import io.plinth.dbproxy.client.ClientView;
import io.plinth.dbproxy.console.Reply.Column;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.pool.PoolView;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The tables of SHOW: the columns of PgBouncer 1.18 under their names there and in their order, then those that versions up
 * to 1.24 have added. Stateless.
 */
final class Tables {
    static final String VERSION = "1.18.0";
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);
    private static final String HELP = """

        \tSHOW HELP|CONFIG|DATABASES|POOLS|CLIENTS|SERVERS|USERS|VERSION
        \tSHOW SOCKETS|ACTIVE_SOCKETS|LISTS|MEM|STATE|IN_DOUBT|RULES
        \tSHOW DNS_HOSTS|DNS_ZONES|PEERS|PEER_POOLS
        \tSHOW STATS|STATS_TOTALS|STATS_AVERAGES|TOTALS
        \tRELOAD
        \tPAUSE [<db>]
        \tRESUME [<db>]
        \tDISABLE <db>
        \tENABLE <db>
        \tRECONNECT [<db>]
        \tKILL [<db>]
        \tKILL_CLIENT <id>
        \tWAIT_CLOSE [<db>]\
        """;
    private static final String SOCKET = "type user database state addr port:i local_addr local_port:i connect_time"
            + " request_time wait:i wait_us:i close_needed:i ptr link remote_pid:i tls application_name";
    private static final String SOCKET_LATER = " prepared_statements:i id:i";
    private static final String BUFFERS =
            " recv_pos:i pkt_pos:i pkt_remain:i send_pos:i send_remain:i pkt_avail:i send_avail:i";

    private final Operations operations;
    private final String own;
    private final NumberTables numbers;

    /** {@code own} is the console's name. */
    Tables(Operations operations, String own) {
        this.operations = operations;
        this.own = own;
        this.numbers = new NumberTables(operations.statistics());
    }

    CompletionStage<Reply> show(String what, String text) {
        return switch (what) {
            case "help" -> now(new Reply(List.of(), List.of(), "SHOW", HELP));
            case "version" -> now(table("version", List.of(row("PgBouncer " + VERSION + " (Plinth db-proxy)"))));
            case "pools" -> pools();
            case "clients" -> clients(false);
            case "servers" -> servers(false);
            case "sockets", "active_sockets" ->
                clients(true)
                        .thenCombine(
                                servers(true),
                                (clients, servers) -> Reply.table(
                                        clients.columns(),
                                        Stream.concat(clients.rows().stream(), servers.rows().stream())
                                                .toList()));
            case "stats" -> numbers.stats("total_", "avg_");
            case "stats_totals" -> numbers.stats("", null);
            case "stats_averages" -> numbers.stats(null, "");
            case "totals" -> numbers.totals();
            case "databases" -> databases();
            case "users" -> users();
            case "config" -> now(table("key value default changeable", new Settings(operations).rows()));
            case "lists" -> lists();
            case "mem" -> now(memory());
            case "fds" ->
                CompletableFuture.failedFuture(new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED,
                        "SHOW FDS is not done here: descriptors are not handed over a client's connection",
                        "To replace the process, plinth restart hands its sockets over.")));
            case "state" -> now(state());
            case "in_doubt" -> now(inDoubt());
            case "rules" -> now(rules());
            case "dns_hosts" -> now(table("hostname ttl:q addrs", List.of()));
            case "dns_zones" -> now(table("zonename serial:q count:i", List.of()));
            case "peers" -> now(table("peer_id:i host port:i pool_size:i", List.of()));
            case "peer_pools" ->
                now(table(
                        "peer_id:i cl_active_cancel_req:i cl_waiting_cancel_req:i sv_active_cancel:i sv_login:i",
                        List.of()));
            default -> CompletableFuture.failedFuture(Commands.invalid(text));
        };
    }

    private static CompletionStage<Reply> now(Reply reply) {
        return CompletableFuture.completedFuture(reply);
    }

    /** Columns as {@code name}, {@code name:i} (integer) or {@code name:q} (bigint). */
    static Reply table(String columns, List<List<@Nullable String>> rows) {
        return Reply.table(
                Arrays.stream(columns.split(" "))
                        .map(column -> column.endsWith(":i")
                                ? new Column(column.substring(0, column.length() - 2), Column.INT)
                                : column.endsWith(":q")
                                        ? new Column(column.substring(0, column.length() - 2), Column.BIG)
                                        : new Column(column, Column.TEXT))
                        .toList(),
                rows);
    }

    static List<@Nullable String> row(@Nullable Object... values) {
        List<@Nullable String> row = new ArrayList<>();
        for (Object value : values) {
            row.add(value == null ? null : String.valueOf(value));
        }
        return row;
    }

    private String mode(String database) {
        Database found = operations.databases().get().get(database);
        if (found == null || found.rules().statementMode()) {
            return "statement";
        }
        return found.rules().sessionMode() ? "session" : "transaction";
    }

    /** What one user's clients and server connections of a database come to. */
    private static final class Pair {
        int active;
        int waiting;
        int servers;
        int idle;
        int login;
        long wait;
    }

    private CompletionStage<Reply> pools() {
        return operations.clients().views().thenCombine(operations.pools().views(), (clients, pools) -> {
            Map<List<String>, Pair> pairs = new TreeMap<>(java.util.Comparator.comparing(List::toString));
            for (ClientView client : clients) {
                Pair pair = pairs.computeIfAbsent(List.of(client.database(), client.serverUser()), k -> new Pair());
                if (client.state().waiting()) {
                    pair.waiting++;
                    pair.wait = Math.max(pair.wait, client.agoNanos());
                } else {
                    pair.active++;
                }
            }
            for (PoolView pool : pools) {
                Pair pair = pairs.computeIfAbsent(
                        List.of(pool.key().owner(), pool.key().login().user()), k -> new Pair());
                pair.servers += pool.active();
                pair.idle += pool.idle();
                pair.login += pool.connecting();
            }
            List<List<@Nullable String>> rows = new ArrayList<>();
            pairs.forEach((name, pair) -> rows.add(row(
                    name.getFirst(),
                    name.getLast(),
                    pair.active,
                    pair.waiting,
                    0,
                    0,
                    pair.servers,
                    0,
                    0,
                    pair.idle,
                    0,
                    0,
                    pair.login,
                    pair.wait / 1_000_000_000,
                    pair.wait / 1000 % 1_000_000,
                    mode(name.getFirst()),
                    null)));
            return table(
                    "database user cl_active:i cl_waiting:i cl_active_cancel_req:i cl_waiting_cancel_req:i sv_active:i"
                            + " sv_active_cancel:i sv_being_canceled:i sv_idle:i sv_used:i sv_tested:i sv_login:i"
                            + " maxwait:i maxwait_us:i pool_mode load_balance_hosts",
                    rows);
        });
    }

    private CompletionStage<Reply> clients(boolean buffers) {
        return operations.clients().views().thenApply(views -> {
            List<List<@Nullable String>> rows = new ArrayList<>();
            for (ClientView view : views) {
                boolean waiting = view.state().waiting();
                List<@Nullable String> row = row(
                        "C",
                        view.user(),
                        view.database(),
                        (buffers ? "cl_" : "") + (waiting ? "waiting" : "active"),
                        host(view.remote()),
                        port(view.remote()),
                        host(view.local()),
                        port(view.local()),
                        TIME.format(view.connected()),
                        ago(view.agoNanos()),
                        waiting ? view.agoNanos() / 1_000_000_000 : 0,
                        waiting ? view.agoNanos() / 1000 % 1_000_000 : 0,
                        0,
                        "0x" + Long.toHexString(view.id()),
                        view.state().link(),
                        0,
                        view.encrypted() ? "TLS" : "",
                        view.state().application());
                rows.add(finish(row, buffers, view.state().prepared(), view.id()));
            }
            return table(SOCKET + (buffers ? BUFFERS : "") + SOCKET_LATER, rows);
        });
    }

    private CompletionStage<Reply> servers(boolean buffers) {
        return operations.pools().views().thenApply(pools -> {
            List<List<@Nullable String>> rows = new ArrayList<>();
            for (PoolView pool : pools) {
                ServerKey key = pool.key();
                for (PoolView.Connection each : pool.connections()) {
                    long id = Integer.toUnsignedLong(System.identityHashCode(each.connection()));
                    InetSocketAddress local = each.connection().localAddress();
                    List<@Nullable String> row = row(
                            "S",
                            key.login().user(),
                            key.owner(),
                            (buffers ? "sv_" : "") + each.state(),
                            key.address().host(),
                            key.address().port(),
                            host(local),
                            port(local),
                            ago(each.openNanos()),
                            ago(each.unusedNanos()),
                            0,
                            0,
                            each.retired() ? 1 : 0,
                            "0x" + Long.toHexString(id),
                            key.name(),
                            each.connection().identity().process(),
                            key.login().encryption() == null ? "" : "TLS",
                            "");
                    rows.add(finish(row, buffers, each.connection().prepared().count(), id));
                }
            }
            return table(SOCKET + (buffers ? BUFFERS : "") + SOCKET_LATER, rows);
        });
    }

    private static List<@Nullable String> finish(List<@Nullable String> row, boolean buffers, int prepared, long id) {
        for (int i = 0; buffers && i < 7; i++) {
            row.add("0");
        }
        row.add(String.valueOf(prepared));
        row.add(String.valueOf(id));
        return row;
    }

    private static @Nullable String host(@Nullable InetSocketAddress address) {
        return address == null ? null : address.getAddress().getHostAddress();
    }

    private static int port(@Nullable InetSocketAddress address) {
        return address == null ? 0 : address.getPort();
    }

    private String ago(long nanos) {
        return TIME.format(Instant.now(operations.clock()).minusNanos(nanos));
    }

    private CompletionStage<Reply> databases() {
        return operations.clients().views().thenCombine(operations.pools().views(), (clients, pools) -> {
            List<List<@Nullable String>> rows = new ArrayList<>();
            new TreeMap<>(operations.databases().get()).forEach((name, database) -> {
                ServerKey primary = database.primary();
                rows.add(row(
                        name,
                        primary.address().host(),
                        primary.address().port(),
                        primary.database(),
                        null,
                        database.rules().pool().size(),
                        0,
                        0,
                        mode(name),
                        database.rules().pool().perDatabase(),
                        pools.stream()
                                .filter(pool -> pool.key().owner().equals(name))
                                .mapToInt(pool -> pool.connections().size())
                                .sum(),
                        database.gate().paused() ? 1 : 0,
                        database.gate().shut() ? 1 : 0,
                        database.rules().pool().lifetime().toSeconds(),
                        null,
                        database.rules().clients().max(),
                        clients.stream()
                                .filter(client -> client.database().equals(name))
                                .count()));
            });
            rows.add(row(
                    own,
                    null,
                    operations.port().getAsInt(),
                    own,
                    own,
                    2,
                    0,
                    0,
                    "statement",
                    0,
                    0,
                    0,
                    0,
                    0,
                    null,
                    0,
                    clients.stream()
                            .filter(client -> client.database().equals(own))
                            .count()));
            return table(
                    "name host port:i database force_user pool_size:i min_pool_size:i reserve_pool:i pool_mode"
                            + " max_connections:i current_connections:i paused:i disabled:i server_lifetime:i"
                            + " load_balance_hosts max_client_connections:i current_client_connections:i",
                    rows);
        });
    }

    private TreeSet<String> userNames() {
        TreeSet<String> names = new TreeSet<>();
        operations
                .databases()
                .get()
                .values()
                .forEach(database -> names.addAll(database.setup().users().keySet()));
        return names;
    }

    private CompletionStage<Reply> users() {
        return operations
                .clients()
                .views()
                .thenApply(clients -> table(
                        "name pool_mode pool_size:i reserve_pool_size:i max_user_connections:i current_connections:i"
                                + " max_user_client_connections:i current_client_connections:i",
                        userNames().stream()
                                .map(name -> row(
                                        name,
                                        null,
                                        null,
                                        null,
                                        0,
                                        0,
                                        0,
                                        clients.stream()
                                                .filter(client -> client.user().equals(name))
                                                .count()))
                                .toList()));
    }

    private CompletionStage<Reply> lists() {
        return operations.clients().views().thenCombine(operations.pools().views(), (clients, pools) -> {
            int most = operations.config().get().clients();
            int connected = operations.clients().count();
            int idle = pools.stream().mapToInt(PoolView::idle).sum();
            int active = pools.stream().mapToInt(PoolView::active).sum();
            return table(
                    "list items:i",
                    List.of(
                            row("databases", operations.databases().get().size() + 1),
                            row("users", userNames().size()),
                            row("peers", 0),
                            row(
                                    "pools",
                                    pools.stream().map(PoolView::key).distinct().count()),
                            row("peer_pools", 0),
                            row("free_clients", Math.max(0, most - connected)),
                            row("used_clients", clients.size()),
                            row("login_clients", connected - clients.size()),
                            row("free_servers", idle),
                            row("used_servers", active),
                            row("dns_names", 0),
                            row("dns_zones", 0),
                            row("dns_queries", 0),
                            row("dns_pending", 0)));
        });
    }

    private static Reply memory() {
        Runtime runtime = Runtime.getRuntime();
        long total = runtime.totalMemory();
        long free = runtime.freeMemory();
        return table("name size:i used:q free:q memtotal:q", List.of(row("java_heap", 1, total - free, free, total)));
    }

    /** Parts of transactions over several shards that their shard does not know the end of. */
    private Reply inDoubt() {
        return table(
                "database shard gid decision why",
                operations.twoPhase().inDoubt().stream()
                        .map(each -> row(each.database(), each.shard(), each.gid(), each.decision(), each.why()))
                        .toList());
    }

    private Reply rules() {
        List<List<@Nullable String>> rows = new ArrayList<>();
        new TreeMap<>(operations.databases().get())
                .forEach((name, database) -> database.rules()
                        .statements()
                        .rules()
                        .forEach(rule -> rows.add(row(
                                name,
                                rule.name(),
                                rule.config().priority(),
                                rule.when(),
                                rule.action(),
                                rule.matched(),
                                rule.refused(),
                                rule.running()))));
        return table("database rule priority:i when action matched:q refused:q running:i", rows);
    }

    private Reply state() {
        boolean paused = operations.databases().get().values().stream()
                .anyMatch(database -> database.gate().paused());
        return table(
                "key value",
                List.of(
                        row("active", paused ? "no" : "yes"),
                        row("paused", paused ? "yes" : "no"),
                        row("suspended", "no")));
    }
}
