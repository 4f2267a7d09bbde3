package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyCommandsTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();

    @Test
    void removesCountsAndTypes() {
        client.run("MSET a 1 b 2");
        client.run("HSET h f v");
        assertThat(client.run("EXISTS a a b x")).isEqualTo(":3|");
        assertThat(client.run("TYPE a")).isEqualTo("+string|");
        assertThat(client.run("TYPE h")).isEqualTo("+hash|");
        assertThat(client.run("TYPE x")).isEqualTo("+none|");
        assertThat(client.run("DBSIZE")).isEqualTo(":3|");
        assertThat(client.run("DEL a b x")).isEqualTo(":2|");
        assertThat(client.run("UNLINK h")).isEqualTo(":1|");
        assertThat(client.run("RANDOMKEY")).isEqualTo("$-1|");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "EXPIRE k 100; :1|; 100",
                "EXPIRE k 100 NX; :0|; 50",
                "EXPIRE k 100 XX; :1|; 100",
                "EXPIRE k 100 GT; :1|; 100",
                "EXPIRE k 10 GT; :0|; 50",
                "EXPIRE k 10 LT; :1|; 10",
                "EXPIRE k 100 XX LT; :0|; 50",
                "EXPIRE k 0; :1|; -2",
                "EXPIRE k -5; :1|; -2",
                "EXPIRE k 1 NX GT; -ERR NX and XX, GT or LT options at the same time are not compatible|; 50",
                "EXPIRE k 1 GT LT; -ERR GT and LT options at the same time are not compatible|; 50",
                "EXPIRE k 1 ZZ; -ERR Unsupported option ZZ|; 50",
                "EXPIRE k x; -ERR value is not an integer or out of range|; 50",
                "EXPIRE k 9223372036854775807; -ERR invalid expire time in 'expire' command|; 50",
                "PEXPIRE k 70000; :1|; 70",
                "EXPIREAT k 1; :1|; -2",
                "PERSIST k; :1|; -1",
                "EXPIRE absent 10; :0|; 50",
            })
    void movesExpiry(String command, String reply, String ttl) {
        client.run("SET k v EX 50");

        assertThat(client.run(command)).isEqualTo(reply);
        assertThat(client.run("TTL k")).isEqualTo(":" + ttl + "|");
    }

    @Test
    void aKeyIsGoneOnceItsTimeIsOver() {
        client.run("SET k v PX 100");
        node.now += 101;
        assertThat(client.run("GET k")).isEqualTo("$-1|");
        assertThat(client.run("EXISTS k")).isEqualTo(":0|");
        assertThat(client.run("PEXPIRETIME k")).isEqualTo(":-2|");
    }

    @Test
    void renamesAndCopiesWithExpiry() {
        client.run("SET a v EX 50");
        assertThat(client.run("RENAME a b")).isEqualTo("+OK|");
        assertThat(client.run("TTL b")).isEqualTo(":50|");
        assertThat(client.run("RENAME a b")).isEqualTo("-ERR no such key|");
        client.run("HSET h f v");
        assertThat(client.run("RENAMENX h b")).isEqualTo(":0|");
        assertThat(client.run("COPY h b")).isEqualTo(":0|");
        assertThat(client.run("COPY h b REPLACE")).isEqualTo(":1|");
        client.run("HSET h f w");
        assertThat(client.run("HGET b f")).isEqualTo("$1|v|");
        assertThat(client.run("TTL b")).isEqualTo(":-1|");
        assertThat(client.run("COPY h h")).isEqualTo("-ERR source and destination objects are the same|");
        assertThat(client.run("RENAME h h")).isEqualTo("+OK|");
        assertThat(client.run("HGET h f")).isEqualTo("$1|w|");
    }

    @Test
    void databasesAreApart() {
        client.run("SET k zero");
        assertThat(client.run("SELECT 1")).isEqualTo("+OK|");
        assertThat(client.run("GET k")).isEqualTo("$-1|");
        client.run("SET k one");
        client.run("SET other one");
        assertThat(client.run("DBSIZE")).isEqualTo(":2|");
        client.run("FLUSHDB");
        assertThat(client.run("DBSIZE")).isEqualTo(":0|");
        client.run("SELECT 0");
        assertThat(client.run("GET k")).isEqualTo("$4|zero|");
        assertThat(client.run("SELECT 16")).isEqualTo("-ERR DB index is out of range|");
    }

    @Test
    void scansInPagesByPatternAndType() {
        Set<String> expected = new TreeSet<>();
        for (int i = 0; i < 500; i++) {
            client.run("SET s" + i + " v");
            expected.add("s" + i);
        }
        client.run("HSET h f v");
        Set<String> found = new TreeSet<>();
        String cursor = "0";
        int pages = 0;
        do {
            String[] reply = client.run("SCAN " + cursor + " MATCH s* TYPE string COUNT 20")
                    .split("\\|", -1);
            cursor = reply[2];
            for (int i = 5; i < reply.length - 1; i += 2) {
                assertThat(found.add(reply[i])).isTrue();
            }
            pages++;
        } while (!cursor.equals("0"));

        assertThat(found).isEqualTo(expected);
        assertThat(pages).isGreaterThan(5);
        assertThat(client.run("SCAN x")).isEqualTo("-ERR invalid cursor|");
        assertThat(client.run("SCAN 0 COUNT 0")).isEqualTo("-ERR syntax error|");
        assertThat(client.run("KEYS s49?")).startsWith("*10|");
    }

    @Test
    void refusesUnknownCommandsAndWrongCountsInRedissWords() {
        assertThat(client.run("foo bar baz"))
                .isEqualTo("-ERR unknown command 'foo', with args beginning with: 'bar' 'baz' |");
        assertThat(client.call("a\r\nb", "c\r\nd"))
                .isEqualTo("-ERR unknown command 'a  b', with args beginning with: 'c  d' |");
        assertThat(client.run("NOSUCH l 1"))
                .isEqualTo("-ERR unknown command 'NOSUCH', with args beginning with: 'l' '1' |");
        assertThat(client.run("GET")).isEqualTo("-ERR wrong number of arguments for 'get' command|");
        assertThat(client.run("OBJECT foo k")).isEqualTo("-ERR unknown subcommand 'foo'. Try OBJECT HELP.|");
    }

    @Test
    void movesKeysBetweenDatabases() {
        client.run("SET k v PX 5000");
        assertThat(client.run("MOVE k 0")).isEqualTo("-ERR source and destination objects are the same|");
        assertThat(client.run("MOVE k 16")).isEqualTo("-ERR DB index is out of range|");
        assertThat(client.run("MOVE k x")).isEqualTo("-ERR value is not an integer or out of range|");
        assertThat(client.run("MOVE k 1") + client.run("MOVE k 1") + client.run("EXISTS k"))
                .isEqualTo(":1|:0|:0|");
        client.run("SET k w");
        assertThat(client.run("MOVE k 1") + client.run("SELECT 1") + client.run("GET k") + client.run("PTTL k"))
                .isEqualTo(":0|+OK|$1|v|:5000|");
    }
}
