package io.plinth.dbproxy;

import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.DaemonType;
import io.plinth.kit.lifecycle.JvmSizing;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.lifecycle.NodeRunner;
import java.util.List;

/** The process of a db-proxy node. */
public final class DbProxyMain {
    /** What the launcher knows of this daemon. */
    public static final DaemonType TYPE = new Type();

    private DbProxyMain() {}

    /** Runs the node that the arguments name. */
    public static void main(String[] args) {
        System.exit(NodeRunner.main(TYPE, args));
    }

    private static final class Type implements DaemonType {
        private static final int PORT = 6432;
        private static final long HEAP = 128L << 20;
        private static final long DIRECT = 96L << 20;

        @Override
        public String kind() {
            return "db-proxy";
        }

        @Override
        public Class<? extends Record> config() {
            return DbProxyConfig.class;
        }

        @Override
        public int standardPort() {
            return PORT;
        }

        /** Messages are copied to the heap, so a pipeline of the longest allowed must fit there. */
        @Override
        public JvmSizing jvm(StackFile file, NodeConfig node) {
            DbProxyConfig config = file.section(node, DbProxyConfig.class);
            return new JvmSizing(
                    new DataSize(HEAP + config.maxPipeline().bytes()),
                    new DataSize(DIRECT + config.maxMessage().bytes()),
                    List.of());
        }

        @Override
        public Daemon create(NodeContext context) throws Exception {
            return new DbProxy(context);
        }
    }
}
