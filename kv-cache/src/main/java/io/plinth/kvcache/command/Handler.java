package io.plinth.kvcache.command;

/** Does a command and writes its one reply. Runs on the connection's loop, with the segments of its keys locked. */
@FunctionalInterface
public interface Handler {
    void run(Call call);
}
