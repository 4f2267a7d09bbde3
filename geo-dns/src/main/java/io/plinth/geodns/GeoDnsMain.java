package io.plinth.geodns;

import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.DaemonType;
import io.plinth.kit.lifecycle.JvmSizing;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.lifecycle.NodeRunner;
import java.util.List;

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

        /** Zones and a country database of the usual size; the old and the new of each while a reload swaps them. */
        @Override
        public JvmSizing jvm(StackFile file, NodeConfig node) {
            return new JvmSizing(new DataSize(128 * MIB), new DataSize(64 * MIB), List.of());
        }

        @Override
        public Daemon create(NodeContext context) throws Exception {
            return new GeoDns(context);
        }
    }
}
