package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;

/** The bench of one daemon: what runs beside what, and under which loads. */
interface Bench {
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
     */
    record Case(String name, Load load) {}

    /** Asks a server as fast as it answers, for so long. */
    interface Load {
        Outcome run(InetSocketAddress server, Duration time) throws IOException, DeployException, InterruptedException;
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
