package io.plinth.deploy.bench.harness;

import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** The bench of one daemon: what runs beside what, and under which loads. */
public interface Bench {
    /** The daemon's kind. */
    String daemon();

    /** Programs it cannot do without, as found on the PATH. */
    List<String> tools();

    /** Starts ours, every peer that is installed, and what all of them need; they are ready when this returns. */
    List<Contender> start(Stage stage) throws IOException, DeployException, InterruptedException;

    /** The loads, in the order of the report. */
    List<Case> cases(Stage stage, int connections);

    /**
     * One load.
     *
     * @param name as the report has it
     * @param servers who takes it, by name, ours among them; empty for all
     * @param once whether it takes so long that nobody is warmed up for it, and it is measured once
     */
    record Case(String name, Load load, Set<String> servers, boolean once) {
        /** One that every server takes. */
        public Case(String name, Load load) {
            this(name, load, Set.of());
        }

        public Case(String name, Load load, Set<String> servers) {
            this(name, load, servers, false);
        }

        boolean concerns(Contender contender) {
            return servers.isEmpty() || servers.contains(contender.name());
        }
    }

    /** Asks a server as fast as it answers, for so long. */
    interface Load {
        /** What must be there before it is measured. */
        default void prepare(Contender server) throws IOException, DeployException, InterruptedException {}

        Outcome run(Contender server, Duration time) throws IOException, DeployException, InterruptedException;
    }

    /**
     * What a load saw.
     *
     * @param errors which kinds how often; empty when none
     */
    record Outcome(Duration took, long requests, double p50Micros, double p99Micros, String errors) {}

    /**
     * A server that is compared.
     *
     * @param ours whether it is the daemon; the others are its peers
     * @param address where it listens
     * @param process its process, whose descendants count with it
     */
    record Contender(String name, boolean ours, InetSocketAddress address, Process process) {}
}
