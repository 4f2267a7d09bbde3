package io.plinth.kit.lifecycle;

/** A daemon's main class, for the tests that need a process. */
public final class EchoMain {
    private EchoMain() {}

    public static void main(String[] args) {
        System.exit(NodeRunner.main(new EchoType(false), args));
    }
}
