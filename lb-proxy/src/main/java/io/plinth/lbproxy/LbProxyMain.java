package io.plinth.lbproxy;

import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.DaemonType;
import io.plinth.kit.lifecycle.JvmSizing;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.lifecycle.NodeRunner;
import java.util.List;

/** The lb-proxy process. */
public final class LbProxyMain {
    /** lb-proxy, as the launcher sees it. */
    public static final DaemonType TYPE = new Type();

    private LbProxyMain() {}

    /** Runs one node of a file. */
    public static void main(String[] args) {
        System.exit(NodeRunner.main(TYPE, args));
    }

    private static final class Type implements DaemonType {
        private static final DataSize HEAP = DataSize.parse("128MiB");
        private static final long DIRECT_BASE = 64L << 20;
        /** What a busy connection's buffers come to: both water marks, and a read in each direction. */
        private static final long DIRECT_PER_CONNECTION = 16 * 1024;

        @Override
        public String kind() {
            return "lb-proxy";
        }

        @Override
        public Class<? extends Record> config() {
            return LbProxyConfig.class;
        }

        @Override
        public int standardPort() {
            return 0;
        }

        @Override
        public JvmSizing jvm(StackFile file, NodeConfig node) {
            long connections = file.section(node, LbProxyConfig.class).limits().connections();
            return new JvmSizing(
                    HEAP,
                    new DataSize(DIRECT_BASE + connections * DIRECT_PER_CONNECTION),
                    List.of("-XX:+UseSerialGC", "-Dio.netty.leakDetection.level=disabled"));
        }

        /** All it writes there is the access log, appended to whole lines at a time. */
        @Override
        public boolean sharesData() {
            return true;
        }

        @Override
        public Daemon create(NodeContext context) throws Exception {
            return new LbProxy(context);
        }
    }
}
