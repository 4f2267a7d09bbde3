package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.plinth.kvcache.cluster.Topologies;
import java.lang.management.ManagementFactory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StringCommandsTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();

    /** What Redis 7.0.15 makes of them: it takes the zero behind its string for the end of the run. */
    @Test
    void aHyperLogLogThatEndsWithinARunTakesElementsOfThatRunAlone() {
        for (String registers : new String[] {"", "@"}) {
            client.call("SET", "h", "HYLL\1" + "\0".repeat(11) + registers);
            assertThat(client.run("PFADD h a b c d e f")).isEqualTo("-INVALIDOBJ Corrupted HLL object detected|");
        }
        String added = "Fm\u0080V\f\u0080Dv\u0080P\u00b1\u0084I\u008c\u0080Bm\u0080A";
        for (String[] each : new String[][] {{"\u007f", added}, {"\u00ff\u007f", "\u00ffFi" + added.substring(2)}}) {
            client.call("SET", "h", "HYLL\1" + "\0".repeat(11) + each[0]);
            assertThat(client.run("PFADD h a b c d e f")).isEqualTo(":1|");
            String bytes = "HYLL\1" + "\0".repeat(10) + "\u0080" + each[1];
            assertThat(client.run("GET h")).isEqualTo("$" + bytes.length() + "|" + bytes + "|");
        }
    }

    /** Its parts lie in several places: every command sees one string. */
    @ParameterizedTest
    @ValueSource(ints = {2_100, 16_384, 47_000})
    void aLongStringIsOneStringToEveryCommand(int length) {
        StringBuilder model = new StringBuilder();
        SplittableRandom random = new SplittableRandom(length);
        while (model.length() < length) {
            model.append((char) ('a' + random.nextInt(26)));
        }
        client.call("SET", "k", model.toString());
        String more = "Z".repeat(17_000);
        assertThat(client.call("SETRANGE", "k", String.valueOf(length - 50), more))
                .isEqualTo(":" + (length - 50 + more.length()) + "|");
        model.setLength(length - 50);
        model.append(more);
        client.call("APPEND", "k", "tail");
        model.append("tail");
        client.call("SETBIT", "k", String.valueOf(8L * length / 2 + 2), "0");
        model.setCharAt(length / 2, (char) (model.charAt(length / 2) & ~0x20));
        String text = model.toString();

        assertThat(client.run("GET k")).isEqualTo("$" + text.length() + "|" + text + "|");
        String part = text.substring(1_990, length + 10);
        assertThat(client.run("GETRANGE k 1990 " + (length + 9))).isEqualTo("$" + part.length() + "|" + part + "|");
        int bits = text.chars().map(Integer::bitCount).sum();
        assertThat(client.run("BITCOUNT k")).isEqualTo(":" + bits + "|");
        assertThat(client.run("BITPOS k 1 " + (length - 1))).isEqualTo(":" + (8L * (length - 1) + 1) + "|");
        client.run("BITOP XOR zeros k k");
        assertThat(client.run("BITCOUNT zeros")).isEqualTo(":0|");
        assertThat(client.run("BITPOS zeros 1")).isEqualTo(":-1|");
        client.run("SETBIT zeros " + (8 * text.length() - 1) + " 1");
        assertThat(client.run("BITPOS zeros 1")).isEqualTo(":" + (8 * text.length() - 1) + "|");
        client.run("BITOP NOT inverse k");
        assertThat(client.run("BITCOUNT inverse")).isEqualTo(":" + (8 * text.length() - bits) + "|");
        client.run("COPY k other");
        client.run("RENAME k moved");
        client.run("SET k short");
        assertThat(client.run("GET moved")).isEqualTo("$" + text.length() + "|" + text + "|");
        assertThat(client.run("GET other")).isEqualTo("$" + text.length() + "|" + text + "|");
        client.run("SET moved short");
        assertThat(client.run("GET moved")).isEqualTo("$5|short|");
    }

    @Test
    void setsAndGets() {
        assertThat(client.run("SET k v")).isEqualTo("+OK|");
        assertThat(client.run("get k")).isEqualTo("$1|v|");
        assertThat(client.run("GET absent")).isEqualTo("$-1|");
        assertThat(client.run("HSET h f v")).isEqualTo(":1|");
        assertThat(client.run("GET h"))
                .isEqualTo("-WRONGTYPE Operation against a key holding the wrong kind of value|");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "SET a 1 NX; $-1|; old",
                "SET a 1 XX; +OK|; 1",
                "SET a 1 GET; $3|old|; 1",
                "SET a 1 NX GET; $3|old|; old",
                "SET a 1 XX GET; $3|old|; 1",
                "SET a 1 NX XX; -ERR syntax error|; old",
                "SET a 1 EX; -ERR syntax error|; old",
                "SET a 1 EX 10 PX 10; -ERR syntax error|; old",
                "SET a 1 EX 10 KEEPTTL; -ERR syntax error|; old",
                "SET a 1 EX x; -ERR value is not an integer or out of range|; old",
                "SET a 1 EX 0; -ERR invalid expire time in 'set' command|; old",
                "SET a 1 EX 9223372036854775807; -ERR invalid expire time in 'set' command|; old",
                "SETEX a -1 1; -ERR invalid expire time in 'setex' command|; old",
                "PSETEX a 10 1; +OK|; 1",
                "SETNX a 1; :0|; old",
                "GETSET a 1; $3|old|; 1",
                "GETDEL a; $3|old|;",
                "APPEND a er; :5|; older",
                "SETRANGE a 1 LD; :3|; oLD",
                "SETRANGE a -1 x; -ERR offset is out of range|; old",
                "SETRANGE a 99999999 x; -ERR string exceeds maximum allowed size (proto-max-bulk-len)|; old",
                "STRLEN a; :3|; old",
                "GETRANGE a 1 -1; $2|ld|; old",
                "GETRANGE a -100 1; $2|ol|; old",
                "GETRANGE a 2 1; $0||; old",
                "INCR a; -ERR value is not an integer or out of range|; old",
                "INCRBYFLOAT a 1; -ERR value is not a valid float|; old",
                "MSET a; -ERR wrong number of arguments for 'mset' command|; old",
                "MSETNX a 1 b 2; :0|; old",
            })
    void answersAsRedisDoes(String command, String reply, String value) {
        client.run("SET a old");

        assertThat(client.run(command)).isEqualTo(reply);
        assertThat(client.run("GET a")).isEqualTo(value == null ? "$-1|" : "$" + value.length() + "|" + value + "|");
    }

    @Test
    void keepsOrDropsTheExpiryAsSetSays() {
        client.run("SET k v PX 5000");
        client.run("SET k w KEEPTTL");
        assertThat(client.run("PTTL k")).isEqualTo(":5000|");
        client.run("APPEND k x");
        assertThat(client.run("PTTL k")).isEqualTo(":5000|");
        client.run("SET k w");
        assertThat(client.run("PTTL k")).isEqualTo(":-1|");
        client.run("GETEX k EXAT " + (node.now / 1000 + 60));
        assertThat(client.run("TTL k")).isEqualTo(":60|");
        client.run("GETEX k PERSIST");
        assertThat(client.run("TTL k")).isEqualTo(":-1|");
        client.run("GETEX k PXAT 1");
        assertThat(client.run("EXISTS k")).isEqualTo(":0|");
    }

    @Test
    void countsWithinSixtyFourBits() {
        client.run("SET n 9223372036854775806");
        assertThat(client.run("INCR n")).isEqualTo(":9223372036854775807|");
        assertThat(client.run("INCR n")).isEqualTo("-ERR increment or decrement would overflow|");
        assertThat(client.run("DECRBY n -9223372036854775808")).isEqualTo("-ERR decrement would overflow|");
        client.run("SET n -9223372036854775807");
        assertThat(client.run("DECR n")).isEqualTo(":-9223372036854775808|");
        assertThat(client.run("INCRBYFLOAT f 3.0")).isEqualTo("$1|3|");
        assertThat(client.run("INCRBYFLOAT f 0.1")).isEqualTo("$3|3.1|");
    }

    @Test
    void readsAndWritesSeveralKeysAtOnce() {
        assertThat(client.run("MSET a 1 b 2 a 3")).isEqualTo("+OK|");
        client.run("HSET h f v");
        assertThat(client.run("MGET a b h absent")).isEqualTo("*4|$1|3|$1|2|$-1|$-1|");
        assertThat(client.run("MSETNX c 1 d 2")).isEqualTo(":1|");
    }

    @ParameterizedTest
    @CsvSource({"12, int", "abc, embstr", "01, embstr", "99999999999999999999, embstr"})
    void showsTheEncodingRedisWouldHave(String value, String encoding) {
        client.run("SET k " + value);
        assertThat(client.run("OBJECT ENCODING k")).contains(encoding);
        client.run("APPEND k 1");
        assertThat(client.run("OBJECT ENCODING k")).contains("raw");
    }

    @Test
    void integersOfAStringAreChangedWhereTheyLie() {
        client.run("SETRANGE s 9000 end");
        assertThat(client.run("BITFIELD s SET u16 #4400 258 GET u16 #4400 GET u8 72000 GET u8 500000"))
                .isEqualTo("*4|:0|:258|:101|:0|");
        assertThat(client.run("BITFIELD s SET u8 80000 9 INCRBY i8 80000 -10")).isEqualTo("*2|:0|:-1|");
        assertThat(client.run("STRLEN s")).isEqualTo(":10001|");
        assertThat(client.run("BITFIELD none GET u8 100000")).isEqualTo("*1|:0|");
        assertThat(client.run("BITFIELD new GET u8 0 SET u8 16 1 OVERFLOW FAIL INCRBY u8 0 256"))
                .isEqualTo("*3|:0|:0|$-1|");
        assertThat(client.run("STRLEN new")).isEqualTo(":3|");
    }

    @Test
    void aLongStringIsNotCopiedToSayThatItIsNoNumberAndNoCount() {
        client.call("SET", "long", "1".repeat(8 << 20));
        client.call("SET", "sparse", "HYLL\1\0\0\0\0\0\0\0\0\0\0\200" + "\0".repeat(8 << 20));
        client.call("SET", "counted", "HYLL\1\0\0\0\7\0\0\0\0\0\0\0" + "\0".repeat(8 << 20));
        client.run("RPUSH list ng");
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        String integer = "-ERR value is not an integer or out of range|";
        assertThat(client.run("INCR long") + client.run("DECRBY long 5")).isEqualTo(integer + integer);
        assertThat(client.run("INCRBYFLOAT long 1.5")).isEqualTo("-ERR value is not a valid float|");
        String noCount = "-WRONGTYPE Key is not a valid HyperLogLog string value.|";
        assertThat(client.run("PFADD long a") + client.run("PFCOUNT long")).isEqualTo(noCount + noCount);
        String damaged = "-INVALIDOBJ Corrupted HLL object detected|";
        assertThat(client.run("PFADD sparse a") + client.run("PFCOUNT sparse") + client.run("PFCOUNT counted"))
                .isEqualTo(damaged + damaged + ":7|");
        assertThat(client.run("SORT list BY lo*")).isEqualTo("-ERR One or more scores can't be converted into double|");
        assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(1 << 20);
        assertThat(client.run("SORT list BY nosort GET # GET no* GET list")).isEqualTo("*3|$2|ng|$-1|$-1|");
        // What is sorted by or stored is copied, and longer than what clients may take here.
        String refused = "-OOM command not allowed when used memory > 'maxmemory'.|";
        assertThat(client.run("SORT list BY lo* ALPHA") + client.run("SORT list BY nosort GET lo* STORE stored"))
                .isEqualTo(refused + refused);
    }
}
