package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.persist.effect.ByteSink;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Owned by who encodes, then by who writes: the bodies of some blocks, one behind the other, and what they are. */
final class Slices {
    private final ByteSink bodies = new ByteSink();
    private final List<Block> blocks = new ArrayList<>();
    private int begun;

    /** What takes a block. */
    interface Visitor {
        void block(Block head, byte[] bytes, int offset) throws IOException;
    }

    /** Where the next body is to be appended. */
    ByteSink begin() {
        begun = bodies.size();
        return bodies;
    }

    /** The body is there. */
    void end(int type, int segment, long from, long upto, long sequence) {
        blocks.add(new Block(type, segment, bodies.size() - begun, from, upto, sequence));
    }

    /** How many bytes they are. */
    int size() {
        return bodies.size() + blocks.size() * Block.HEAD;
    }

    void forEach(Visitor visitor) throws IOException {
        int at = 0;
        for (Block block : blocks) {
            visitor.block(block, bodies.array(), at);
            at += block.length();
        }
    }

    void clear() {
        bodies.clear();
        blocks.clear();
    }
}
