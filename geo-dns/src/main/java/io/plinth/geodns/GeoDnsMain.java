package io.plinth.geodns;

import io.plinth.geodns.load.PolicyConfig;
import io.plinth.geodns.load.SnapshotLoader;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.DaemonType;
import io.plinth.kit.lifecycle.JvmSizing;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.lifecycle.NodeRunner;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** Runs one geo-dns node. */
public final class GeoDnsMain {
    /** Where a node listens that names no port. */
    static final int STANDARD_PORT = 5300;

    /** The daemon, for the launcher. */
    public static final DaemonType TYPE = new Type();

    private GeoDnsMain() {}

    public static void main(String[] args) {
        System.exit(NodeRunner.main(TYPE, args));
    }

    private static final class Type implements DaemonType {
        private static final long MIB = 1 << 20;

        @Override
        public String kind() {
            return "geo-dns";
        }

        @Override
        public Class<? extends Record> config() {
            return GeoDnsConfig.class;
        }

        @Override
        public int standardPort() {
            return STANDARD_PORT;
        }

        /**
         * Room for zones and database twice, as a reload has the old and the new at once: a record takes about ten times
         * its text, a database itself and twice that while it is compiled. So has what the API may bring, and what it
         * brought before, whose versions are kept as texts. A database that is fetched later is taken for
         * one of countries.
         */
        @Override
        public JvmSizing jvm(StackFile file, NodeConfig node) {
            GeoDnsConfig config = file.section(node, GeoDnsConfig.class);
            long zones = config.zones().values().stream()
                    .mapToLong(zone -> size(SnapshotLoader.resolve(file, zone)))
                    .sum();
            long networks = config.policies().values().stream()
                    .map(PolicyConfig::networksFile)
                    .filter(Objects::nonNull)
                    .mapToLong(path -> size(SnapshotLoader.resolve(file, path)))
                    .sum();
            long database = Math.max(8 * MIB, size(SnapshotLoader.database(file, config)));
            GeoDnsConfig.Limits limits = config.limits();
            long api = 20 * limits.body().bytes() + limits.versionsSize().bytes() + 10 * changed(file, node);
            long heap = 64 * MIB + 20 * (zones + networks) + 6 * database + api;
            return new JvmSizing(new DataSize(heap), new DataSize(64 * MIB), List.of());
        }

        private static long changed(StackFile file, NodeConfig node) {
            return file.stack().nodes().entrySet().stream()
                    .filter(entry -> entry.getValue().equals(node))
                    .mapToLong(entry -> size(file.state()
                            .resolve("nodes")
                            .resolve(entry.getKey())
                            .resolve(GeoDns.CHANGES)))
                    .max()
                    .orElse(0);
        }

        private static long size(Path path) {
            try {
                return Files.size(path);
            } catch (IOException e) {
                return 0;
            }
        }

        @Override
        public Daemon create(NodeContext context) throws Exception {
            return new GeoDns(context);
        }
    }
}
