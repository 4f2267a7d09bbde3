package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** INFO, CLIENT LIST and ACL LOG beside Debian's redis-server: every name, in its order, and values that tell what happened. */
@Timeout(120)
@RequiresPeer("redis-server")
class InfoDifferentialIT {
    /** Names that Redis 7.0 does not have: of 7.2 by redis.io/commands/info and its release notes, the rest our own. */
    private static final Set<String> NEWER = Set.of(
            "listener0",
            "total_blocking_keys",
            "total_blocking_keys_on_nokey",
            "client_output_buffer_limit_disconnections",
            "acl_access_denied_auth",
            "acl_access_denied_cmd",
            "acl_access_denied_key",
            "acl_access_denied_channel",
            "server_name",
            "recovery_damages",
            "recovery_torn",
            "plinth_version",
            "plinth_node",
            "client_memory",
            "resident_bound",
            "resident_bound_human",
            "resident_bound_keys",
            "resident_bound_heap",
            "resident_bound_buffers",
            "resident_bound_code",
            "resident_bound_program",
            "resident_bound_disk",
            "keys_on_heap",
            "keys_on_heap_limit");

    private static final List<String> SECTIONS = List.of(
            "INFO",
            "INFO default",
            "INFO all",
            "INFO everything",
            "INFO server",
            "INFO CPU memory",
            "INFO nosuch",
            "INFO modules",
            "INFO stats nosuch clients",
            "INFO commandstats default",
            "INFO all keyspace");

    @Test
    void hasEveryNameOfEverySection(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (RawClient each : List.of(ours, theirs)) {
                each.call("CONFIG", "RESETSTAT");
                each.call("SET", "k", "v");
                each.call("GET", "nosuch");
                each.call("NOSUCH");
            }
            for (String line : SECTIONS) {
                assertThat(names(ours.call(line.split(" ", -1))))
                        .as(line)
                        .isEqualTo(names(theirs.call(line.split(" ", -1))));
            }
            Map<String, String> mine = fields(ours, "everything");
            Map<String, String> other = fields(theirs, "everything");
            for (String same : List.of(
                    "redis_mode",
                    "arch_bits",
                    "os",
                    "maxclients",
                    "total_system_memory",
                    "total_system_memory_human",
                    "keyspace_hits",
                    "keyspace_misses",
                    "total_error_replies",
                    "errorstat_ERR",
                    "rdb_last_bgsave_status",
                    "role",
                    "connected_slaves",
                    "master_replid2",
                    "db0")) {
                assertThat(mine.get(same)).as(same).isEqualTo(other.get(same));
            }
            for (Map.Entry<String, String> each : other.entrySet()) {
                if (!each.getKey().contains("stat_") && !each.getKey().contains("_usec_")) {
                    assertThat(shape(mine.getOrDefault(each.getKey(), "missing")))
                            .as(each.getKey())
                            .isIn(shape(each.getValue()), OTHER_SHAPES.get(each.getKey()));
                }
            }
        } finally {
            peer.close();
        }
    }

    /** Where a number stands there and a word here, or another number of digits behind the point. */
    private static final Map<String, String> OTHER_SHAPES = Map.of(
            "redis_build_id", "word",
            "monotonic_clock", "word",
            "multiplexing_api", "word",
            "config_file", "word",
            "maxmemory_policy", "word",
            "mem_allocator", "word");

    /** A number, one with so many digits behind the point, or a word. */
    private static String shape(String value) {
        if (value.matches("-?\\d+")) {
            return "number";
        }
        if (value.matches("-?\\d+\\.\\d+%?")) {
            return "." + value.substring(value.indexOf('.') + 1).replaceAll("\\d", "n");
        }
        return value.matches("[\\d.]+[BKMGTP]") ? "bytes" : "word";
    }

    @Test
    void countsWhatHappens(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient client = new RawClient(node.port(0));
                RawClient other = new RawClient(node.port(0))) {
            Map<String, String> before = fields(client, "everything");
            String value = "x".repeat(20_000);
            client.call("SET", "k", value);
            client.call("GET", "k");
            client.call("DEL", "k");
            other.send(RawClient.request(List.of("BLPOP", "a", "b", "100")));
            Await.until(
                    "a client waits", () -> "1".equals(fields(client, "clients").get("blocked_clients")));
            Map<String, String> after = fields(client, "everything");
            assertThat(grown("total_net_input_bytes", before, after)).isBetween(20_000L, 120_000L);
            assertThat(grown("total_net_output_bytes", before, after)).isGreaterThan(20_000L);
            assertThat(grown("total_reads_processed", before, after)).isGreaterThanOrEqualTo(4);
            assertThat(grown("total_writes_processed", before, after)).isGreaterThanOrEqualTo(3);
            assertThat(Long.parseLong(after.get("client_recent_max_output_buffer")))
                    .isGreaterThan(20_000);
            assertThat(Long.parseLong(after.get("client_recent_max_input_buffer")))
                    .isGreaterThan(10_000);
            assertThat(after)
                    .containsEntry("clients_in_timeout_table", "1")
                    .containsEntry("total_blocking_keys", "2")
                    .containsEntry("total_blocking_keys_on_nokey", "0");
            assertThat(Double.parseDouble(after.get("used_cpu_user"))).isPositive();
            assertThat(Double.parseDouble(after.get("used_cpu_user_main_thread"))
                            + Double.parseDouble(after.get("used_cpu_sys_main_thread")))
                    .isPositive();
            assertThat(Long.parseLong(after.get("used_memory_peak")))
                    .isGreaterThanOrEqualTo(Long.parseLong(after.get("used_memory")));
            client.call("SAVE");
            assertThat(fields(client, "persistence")).containsEntry("rdb_saves", "1");
            client.call("CONFIG", "RESETSTAT");
            assertThat(Long.parseLong(fields(client, "stats").get("total_net_input_bytes")))
                    .isLessThan(1_000);
        }
    }

    private static long grown(String name, Map<String, String> before, Map<String, String> after) {
        return Long.parseLong(after.get(name)) - Long.parseLong(before.get(name));
    }

    /** Sections and names in their order, without newer ones and those of single commands. */
    private static List<String> names(String info) {
        List<String> names = new ArrayList<>();
        for (String line : info.split("\r\n", -1)) {
            String name = line.replaceAll(":.*", "");
            if (!NEWER.contains(name) && !line.startsWith("$") && !name.matches(".*(stat_|_usec_).*")) {
                names.add(name);
            }
        }
        return names;
    }

    private static Map<String, String> fields(RawClient client, String section) throws IOException {
        Map<String, String> fields = new LinkedHashMap<>();
        for (String line : client.call("INFO", section).split("\r\n", -1)) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                fields.put(line.substring(0, colon), line.substring(colon + 1));
            }
        }
        return fields;
    }

    /** Fields of CLIENT LIST whose values are sizes of buffers, which are others here. */
    private static final String SIZES = " (qbuf|qbuf-free|argv-mem|rbs|rbp|tot-mem|multi-mem)=\\d+";

    @Test
    void showsClientsAsRedisDoes(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1)) {
            List<String> ours = clients(node.port(0));
            List<String> theirs = clients(peer.port());
            assertThat(String.join("\n", ours)).isEqualTo(String.join("\n", theirs));
        } finally {
            peer.close();
        }
    }

    private static List<String> clients(int port) throws Exception {
        List<String> seen = new ArrayList<>();
        try (RawClient one = known(port);
                RawClient two = known(port);
                RawClient three = known(port);
                RawClient watching = known(port)) {
            two.call("HELLO", "3");
            two.call("CLIENT", "SETNAME", "two");
            two.call("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "p");
            two.call("CLIENT", "NO-EVICT", "ON");
            three.call("SUBSCRIBE", "c");
            three.call("PSUBSCRIBE", "c*");
            watching.call("MONITOR");
            one.call("SET", "k", "v");
            one.call("SELECT", "3");
            one.call("WATCH", "k");
            one.call("MULTI");
            one.call("SET", "k", "v");
            for (String line : List.of(
                    "CLIENT LIST",
                    "CLIENT LIST TYPE normal",
                    "CLIENT LIST TYPE PUBSUB",
                    "CLIENT LIST TYPE nosuch",
                    "CLIENT LIST TYPE replica",
                    "CLIENT LIST ID 1000000",
                    "CLIENT LIST ID 0",
                    "CLIENT LIST ID x",
                    "CLIENT KILL ID 0",
                    "CLIENT LIST ID",
                    "CLIENT LIST X",
                    "CLIENT INFO")) {
                seen.add(line + "\n" + shown(two.call(line.split(" ", -1))));
            }
            seen.add(shown(one.call("OBJECT", "ENCODING", "k")));
            seen.add(shown(one.call("NOSUCH")));
            seen.add(shown(one.call("CLIENT", "LIST")));
            one.call("DISCARD");
            one.call("CONFIG", "GET", "hz");
            seen.add(shown(two.call("CLIENT", "LIST", "TYPE", "normal")));
            assertThat(two.call("CLIENT", "LIST")).contains(" argv-mem=10 ");
        }
        return seen;
    }

    /** One that has its number before the next one comes. */
    private static RawClient known(int port) throws IOException {
        RawClient client = new RawClient(port);
        client.call("PING");
        return client;
    }

    private static String shown(String reply) {
        return reply.replaceAll("(?m)^[$=]\\d+\r?$", "")
                .replaceAll(" (lib-name|lib-ver|watch)=\\S*", "")
                .replaceAll(SIZES, " $1=n")
                .replaceAll("id=\\d+ addr=127.0.0.1:\\d+ laddr=127.0.0.1:\\d+ fd=\\d+", "id addr laddr fd")
                .replaceAll("age=\\d+ idle=\\d+", "age idle");
    }

    private static final List<String> DENIED = List.of(
            "A: ACL SETUSER bob on >pw ~a* &ch* +@all -config -debug +client|info",
            "A: AUTH bob wrong",
            "A: AUTH nosuch wrong",
            "A: HELLO 3 AUTH bob wrong",
            "B: AUTH bob pw",
            "B: CLIENT SETNAME b",
            "B: CONFIG GET x",
            "B: CONFIG SET x y",
            "B: GET b",
            "B: SET b 1",
            "B: PUBLISH other x",
            "B: GET b",
            "B: MULTI",
            "B: GET b",
            "B: EXEC",
            "B: EVAL return(redis.call('get','b')) 0",
            "B: MULTI",
            "B: GET abc",
            "A: ACL SETUSER bob -get",
            "B: EXEC");

    @Test
    void logsWhatIsDenied(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1)) {
            assertThat(denials(node.port(0))).isEqualTo(denials(peer.port()));
            try (RawClient client = new RawClient(node.port(0))) {
                assertThat(fields(client, "stats"))
                        .containsEntry("acl_access_denied_auth", "3")
                        .containsEntry("acl_access_denied_channel", "1");
                assertThat(client.call("ACL", "LOG", "1"))
                        .contains("entry-id\r\n:", "timestamp-created\r\n:", "timestamp-last-updated\r\n:");
            }
        } finally {
            peer.close();
        }
    }

    private static String denials(int port) throws Exception {
        try (RawClient a = new RawClient(port);
                RawClient b = new RawClient(port)) {
            for (String line : DENIED) {
                (line.startsWith("A") ? a : b).call(line.substring(3).split(" ", -1));
            }
            return shown(a.call("ACL", "LOG", "100"))
                    .replaceAll("age-seconds\\s+[\\d.e-]+", "age-seconds")
                    .replaceAll("\\s*(entry-id|timestamp-created|timestamp-last-updated)\r\n:\\d+", "")
                    .replace("*20", "*14")
                    .replaceAll("\\s+", "\n");
        }
    }
}
