package io.plinth.kvcache.keyspace.value;

/** The types of values, by the names TYPE prints. */
public enum ValueType {
    STRING("string"),
    LIST("list"),
    SET("set"),
    SORTED_SET("zset"),
    HASH("hash"),
    STREAM("stream");

    private final String label;

    ValueType(String label) {
        this.label = label;
    }

    /** As TYPE prints it. */
    public String label() {
        return label;
    }
}
