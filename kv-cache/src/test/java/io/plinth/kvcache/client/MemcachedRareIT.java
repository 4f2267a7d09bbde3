package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What memcached's clients seldom meet: the same answers as Debian's memcached. */
@Timeout(120)
class MemcachedRareIT {
    private static final String TOO_LARGE = "z".repeat((1 << 20) + 1);
    private static final String MANY = ("m".repeat(100) + " ").repeat(1_000).strip();
    private static final String[] RARE = {
        "set r1 0 0 1\r\nx",
        "set r1 0 0 LARGE\r\nDATA",
        "get r1",
        "set r1 0 0 1\r\nx",
        "set r1 0 0 LARGE noreply\r\nDATA",
        "get r1",
        "set r1 0 0 1\r\nx",
        "add r1 0 0 LARGE\r\nDATA",
        "get r1",
        "replace r1 0 0 LARGE\r\nDATA",
        "get r1",
        "append r1 0 0 LARGE\r\nDATA",
        "get r1",
        "prepend r1 0 0 LARGE\r\nDATA",
        "get r1",
        "cas r1 0 0 LARGE 5\r\nDATA",
        "get r1",
        "ms r1 LARGE ME\r\nDATA",
        "mg r1 v",
        "ms r1 LARGE MA\r\nDATA",
        "mg r1 v",
        "ms r1 LARGE C5\r\nDATA",
        "mg r1 v",
        "ms r1 LARGE\r\nDATA",
        "mg r1 v",
        "set r1 0 0 1\r\nx",
        "ms r1 LARGE q\r\nDATA",
        "mg r1 v",
        "set r2 0 0 2147483646",
        "set r2 0 0 2147483647",
        "ms r2 2147483646",
        "ma r3 N0",
        "ma r3 T-1 v",
        "mg r3 v",
        "ma r4 N-1 v",
        "mg r4 v",
        "ma r5 N5000000 v O9 k",
        "mg r5",
        "ma r6 N-1",
        "mg r6",
        "mg r7 N-1 f s",
        "mg r7",
        "mg r7 N5000000 v",
        "mg r7",
        "ma r3 N0",
        "ma r3 T-1 D5",
        "mg r3",
        "set r8 5 0 1\r\nx",
        "mg r8 c",
        "ms r8 1 MA C1 I\r\ny",
        "mg r8 v",
        "ms r8 1 MP C1 I\r\ny",
        "mg r8 v",
        "ms r8 1 C18446744073709551615 I\r\ny",
        "mg r8 v",
        "ms r8 1 C0 I\r\ny",
        "mg r8 v",
        "ms r8 1 C0\r\ny",
        "mg r8 v",
        "ms r8 1 MR C0\r\ny",
        "ms r8 1 MA C0\r\nz",
        "mg r8 v",
        "ms r8 1 MP C0\r\nw",
        "mg r8 v",
        "ms r8 1 ME C1\r\ny",
        "ms r8 1 MR C1 I\r\nn",
        "mg r8 v",
        "ms r9 1 ME C1\r\ny",
        "mg r9 v",
        "ms r10 1 MR C1\r\ny",
        "ms r10 1 MA C1\r\ny",
        "ms r10 1 MP C0\r\ny",
        "ms r10 1 C0\r\ny",
        "ms r10 1 ME C0\r\ny",
        "mg r10 v",
        "set r11 0 0 1\r\n5",
        "mg r11 c",
        "ma r11 C0 v",
        "ma r11 C1 v",
        "ma r12 N0 q O1",
        "ma r12 q v O2",
        "ma r13 q O3",
        "ma r12 q O4",
        "ma r14 N0 q v O5",
        "md r12 q O6",
        "md r12 q O7",
        "get MANY r8",
        "gets MANY r8",
        "get MANY"
    };

    /** What a client of both is sent, one command after the other: data that is refused, what is over at once, numbers out of date. */
    @Test
    @RequiresPeer("memcached")
    void rareAnswersAreTheSameBytes(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 64MiB, memcached-port: 0", 1)) {
            int port = MemcachedIT.port(node);
            MemcachedPeer.beside(folder, port, (ours, theirs) -> {
                for (String command : RARE) {
                    String sent = command.replace("LARGE", "" + TOO_LARGE.length())
                                    .replace("DATA", TOO_LARGE)
                                    .replace("MANY", MANY)
                            + "\r\n";
                    String expected = theirs.call(sent);
                    assertThat(ours.call(sent)).as(command).isEqualTo(expected);
                }
            });
        }
    }
}
