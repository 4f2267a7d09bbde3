package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.wire.Numbers;

/**
 * A string on its way into or out of the keyspace, where only its bytes are kept. Immutable.
 *
 * @param string never to be changed
 * @param form how it came to be
 */
public record StringValue(byte[] string, StringForm form) implements Value {
    /** Up to here Redis keeps a string in one piece with its object. */
    private static final int EMBEDDED = 44;

    @Override
    public ValueType type() {
        return ValueType.STRING;
    }

    @Override
    public long bytes() {
        return Value.arrayBytes(string.length);
    }

    @Override
    public long size() {
        return string.length;
    }

    @Override
    public String encoding() {
        if (form == StringForm.BUILT) {
            return "raw";
        }
        if (form == StringForm.STORED && Numbers.isLong(string, 0, string.length)) {
            return "int";
        }
        return string.length <= EMBEDDED ? "embstr" : "raw";
    }

    @Override
    public Value copy() {
        return this;
    }
}
