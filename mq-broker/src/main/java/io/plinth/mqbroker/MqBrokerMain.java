package io.plinth.mqbroker;

import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.Daemon;
import io.plinth.kit.lifecycle.DaemonType;
import io.plinth.kit.lifecycle.JvmSizing;
import io.plinth.kit.lifecycle.NodeContext;
import io.plinth.kit.lifecycle.NodeRunner;
import java.util.List;

/** Runs one mq-broker node. */
public final class MqBrokerMain {
    private static final int AMQP_PORT = 5672;

    /** What the launcher knows of this daemon. */
    public static final DaemonType TYPE = new Type();

    private MqBrokerMain() {}

    public static void main(String[] args) {
        System.exit(NodeRunner.main(TYPE, args));
    }

    private static final class Type implements DaemonType {
        /** What Chronicle Queue and RocksDB need of a current JDK. */
        private static final List<String> OPTIONS = List.of(
                "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
                "--add-opens=java.base/java.lang=ALL-UNNAMED",
                "--add-opens=java.base/java.lang.reflect=ALL-UNNAMED",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-Dchronicle.announcer.disable=true",
                "-Dchronicle.disk.monitor.disable=true");

        /** What a queue takes, empty or with a message or two. */
        private static final long QUEUE_BYTES = 2048;

        @Override
        public String kind() {
            return "mq-broker";
        }

        @Override
        public Class<? extends Record> config() {
            return MqBrokerConfig.class;
        }

        @Override
        public int standardPort() {
            return AMQP_PORT;
        }

        @Override
        public JvmSizing jvm(StackFile file, NodeConfig node) {
            MqBrokerConfig config = file.section(node, MqBrokerConfig.class);
            // Contents are counted in memory; windows, indexes of queues and garbage come on top.
            long heap = (64L << 20)
                    + config.memory().bytes() * 2
                    + config.management().history().bytes()
                    + QUEUE_BYTES * config.limits().queues();
            return new JvmSizing(new DataSize(heap), new DataSize(96L << 20), OPTIONS);
        }

        @Override
        public Daemon create(NodeContext context) {
            return new MqBroker(context);
        }
    }
}
