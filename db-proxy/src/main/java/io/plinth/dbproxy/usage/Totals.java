package io.plinth.dbproxy.usage;

/** Counts of one database at one time; times in microseconds. Immutable. */
public record Totals(
        long assignments,
        long transactions,
        long queries,
        long received,
        long sent,
        long transactionMicros,
        long queryMicros,
        long waitMicros,
        long clientParses,
        long serverParses,
        long binds) {
    public static final Totals NONE = new Totals(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

    public Totals plus(Totals other) {
        return new Totals(
                assignments + other.assignments,
                transactions + other.transactions,
                queries + other.queries,
                received + other.received,
                sent + other.sent,
                transactionMicros + other.transactionMicros,
                queryMicros + other.queryMicros,
                waitMicros + other.waitMicros,
                clientParses + other.clientParses,
                serverParses + other.serverParses,
                binds + other.binds);
    }

    public Totals minus(Totals other) {
        return new Totals(
                assignments - other.assignments,
                transactions - other.transactions,
                queries - other.queries,
                received - other.received,
                sent - other.sent,
                transactionMicros - other.transactionMicros,
                queryMicros - other.queryMicros,
                waitMicros - other.waitMicros,
                clientParses - other.clientParses,
                serverParses - other.serverParses,
                binds - other.binds);
    }
}
