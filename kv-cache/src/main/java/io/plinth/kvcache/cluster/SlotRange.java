package io.plinth.kvcache.cluster;

/**
 * Neighbouring slots of one node.
 *
 * @param first included
 * @param last included
 */
public record SlotRange(int first, int last) {
    @Override
    public String toString() {
        return first == last ? Integer.toString(first) : first + "-" + last;
    }
}
