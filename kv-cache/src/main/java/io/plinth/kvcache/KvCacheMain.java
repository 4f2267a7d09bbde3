package io.plinth.kvcache;

import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.DaemonType;
import io.plinth.kit.lifecycle.JvmSizing;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.lifecycle.NodeRunner;
import java.util.List;
import java.util.stream.Stream;

/** Runs one kv-cache node. */
public final class KvCacheMain {
    /** Where a node listens that names no port. */
    static final int STANDARD_PORT = 6379;

    /** The daemon, for the launcher. */
    public static final DaemonType TYPE = new Type();

    private KvCacheMain() {}

    public static void main(String[] args) {
        System.exit(NodeRunner.main(TYPE, args));
    }

    private static final class Type implements DaemonType {
        private static final long MIB = 1 << 20;
        /**
         * Commands write to the same few old objects again and again: a thread that looks through what they wrote, to spare a
         * pause later, would look at the same again and again too, which took up to a tenth of the processor time. Nothing here
         * makes classes that go again, and to look for them stops all threads for 7 to 11 ms at the end of each marking, without for 1.
         */
        private static final List<String> COLLECTOR =
                List.of("-XX:+UseG1GC", "-XX:G1ConcRefinementThreads=0", "-XX:-ClassUnloadingWithConcurrentMark");

        /** So that it is known what they take; several times what they do. */
        private static final List<String> BOUNDS =
                List.of("-XX:MaxMetaspaceSize=160m", "-XX:ReservedCodeCacheSize=96m", "-XX:+SegmentedCodeCache");
        /** What Chronicle Queue opens. */
        private static final List<String> JOURNAL = List.of(
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dchronicle.announcer.disable=true",
                "-Dchronicle.disk.monitor.disable=true");

        @Override
        public String kind() {
            return "kv-cache";
        }

        @Override
        public Class<? extends Record> config() {
            return KvCacheConfig.class;
        }

        @Override
        public int standardPort() {
            return STANDARD_PORT;
        }

        /** The heap that {@link io.plinth.kvcache.admin.process.ResidentBound} counts with, and direct memory for replies. */
        @Override
        public JvmSizing jvm(StackFile file, NodeConfig node) {
            KvCacheConfig config = file.section(node, KvCacheConfig.class);
            long direct = 64 * MIB + 2 * config.limits().outputBuffer().bytes();
            boolean journal = !config.persist().journal().equals("off");
            return new JvmSizing(
                    new DataSize(config.resident().heap()),
                    new DataSize(direct),
                    Stream.of(COLLECTOR, BOUNDS, journal ? JOURNAL : List.<String>of())
                            .flatMap(List::stream)
                            .toList());
        }

        @Override
        public Daemon create(NodeContext context) throws Exception {
            return new KvCache(context);
        }
    }
}
