package io.plinth.deploy.plan;

import io.plinth.kit.config.AppConfig;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.lifecycle.DaemonType;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One thing that is started as a process of its own. Immutable. */
public sealed interface Unit {
    /** Its name: what {@code status}, {@code logs}, {@code kill} and {@code start} call it. */
    String name();

    /** Of what reads its data back. */
    Duration UNTIL_READY = Duration.ofMinutes(2);

    /** The daemon kind, {@code app}, {@code postgres} or {@code host}. */
    String kind();

    /** Units that must be ready before this one is started. */
    Set<String> after();

    /** Where it will listen. */
    List<Claim> claims();

    /** How long it may take to stop. */
    Duration patience();

    /** How long it may take to be ready while its process runs: data is read back, and many start at once. */
    default Duration untilReady() {
        return UNTIL_READY;
    }

    /** Where it stands when everything is stopped: the highest goes first. */
    Level level();

    /** How to ask whether it is ready; see {@link io.plinth.deploy.process.RunRecord#probe()}. */
    String probe();

    /** What asks it to stop. */
    default String stopSignal() {
        return "TERM";
    }

    /** The order of stopping, from the last to stop to the first. */
    enum Level {
        PRIMARY(0),
        REPLICA(1),
        BACKING(2),
        APP(3),
        EDGE(4);

        private final int number;

        Level(int number) {
            this.number = number;
        }

        /** As the records of what runs have it. */
        public int number() {
            return number;
        }
    }

    /** A daemon node in its own process. */
    record Daemon(String name, NodeConfig node, DaemonType type, Set<String> after, List<Claim> claims, HostPort admin)
            implements Unit {
        private static final Duration PATIENCE = Duration.ofSeconds(30);

        public Daemon {
            after = Set.copyOf(after);
            claims = List.copyOf(claims);
        }

        @Override
        public String kind() {
            return node.kind();
        }

        @Override
        public Duration patience() {
            return PATIENCE;
        }

        @Override
        public Level level() {
            return kind().equals("lb-proxy") || kind().equals("geo-dns") ? Level.EDGE : Level.BACKING;
        }

        @Override
        public String probe() {
            return "http://" + admin + "/health/ready";
        }
    }

    /** All daemon nodes in one process. */
    record Host(List<Daemon> daemons, Set<String> after) implements Unit {
        /** Its name among the nodes. */
        public static final String NAME = "daemons";

        private static final Duration PATIENCE = Duration.ofSeconds(60);

        public Host {
            daemons = List.copyOf(daemons);
            after = Set.copyOf(after);
        }

        @Override
        public String name() {
            return NAME;
        }

        @Override
        public String kind() {
            return "host";
        }

        @Override
        public List<Claim> claims() {
            return daemons.stream().flatMap(daemon -> daemon.claims().stream()).toList();
        }

        @Override
        public Duration patience() {
            return PATIENCE;
        }

        @Override
        public Level level() {
            return Level.BACKING;
        }

        @Override
        public String probe() {
            return String.join(" ", daemons.stream().map(Daemon::probe).toList());
        }
    }

    /**
     * One instance of a program beside the daemons.
     *
     * @param number from 1
     * @param at its address; null without a port
     */
    record App(
            String name,
            String app,
            AppConfig config,
            int number,
            @Nullable HostPort at,
            Set<String> after,
            List<Claim> claims)
            implements Unit {
        public App {
            after = Set.copyOf(after);
            claims = List.copyOf(claims);
        }

        @Override
        public String kind() {
            return "app";
        }

        @Override
        public Duration patience() {
            return config.patience();
        }

        @Override
        public Duration untilReady() {
            return config.patience();
        }

        @Override
        public Level level() {
            return Level.APP;
        }

        @Override
        public String probe() {
            if (at == null) {
                return "";
            }
            String ready = config.ready();
            return ready == null ? "tcp:" + at : "http://" + at + ready;
        }
    }

    /**
     * One PostgreSQL server.
     *
     * @param primary null for a primary, else the primary it copies and follows
     * @param databases made in a new server, each with its owner
     */
    record Postgres(
            String name,
            HostPort at,
            @Nullable Postgres primary,
            Map<String, String> databases,
            long sharedBuffers,
            int connections,
            List<Claim> claims)
            implements Unit {
        private static final Duration PATIENCE = Duration.ofSeconds(30);

        public Postgres {
            databases = Map.copyOf(databases);
            claims = List.copyOf(claims);
        }

        @Override
        public String kind() {
            return "postgres";
        }

        /** Its folder is copied from its primary's before either starts, which is no matter of readiness. */
        @Override
        public Set<String> after() {
            return Set.of();
        }

        @Override
        public Duration patience() {
            return PATIENCE;
        }

        @Override
        public Level level() {
            return primary == null ? Level.PRIMARY : Level.REPLICA;
        }

        @Override
        public String probe() {
            return "postgres:" + at;
        }

        /** PostgreSQL's fast shutdown: ends sessions, then writes a checkpoint. */
        @Override
        public String stopSignal() {
            return "INT";
        }
    }
}
