package io.plinth.kvcache.keyspace.value;

/** The types of values, by the names TYPE prints. */
public enum ValueType {
    STRING("string", 0),
    LIST("list", 1),
    SET("set", 2),
    SORTED_SET("zset", 3),
    HASH("hash", 4),
    STREAM("stream", 5);

    private final String label;
    private final int number;

    ValueType(String label, int number) {
        this.label = label;
        this.number = number;
    }

    /** From 0 on. */
    public int number() {
        return number;
    }

    /** As TYPE prints it. */
    public String label() {
        return label;
    }
}
