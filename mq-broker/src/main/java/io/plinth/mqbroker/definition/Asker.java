package io.plinth.mqbroker.definition;

/** Owned by the definitions' loop. Whose commands stand behind each other: behind one that was refused none of its others is done. */
public final class Asker {
    private boolean refused;

    boolean isRefused() {
        return refused;
    }

    void refused() {
        refused = true;
    }
}
