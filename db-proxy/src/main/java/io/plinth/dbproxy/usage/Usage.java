package io.plinth.dbproxy.usage;

/** What one event loop has done for one database since the node started. Owned by that loop. */
public final class Usage {
    public long assignments;
    public long transactions;
    public long queries;
    public long received;
    public long sent;
    public long transactionNanos;
    public long queryNanos;
    public long waitNanos;
    public long clientParses;
    public long serverParses;
    public long binds;
    public final LoopStatements statements;

    Usage(LoopStatements statements) {
        this.statements = statements;
    }

    /** The counts as they are now. */
    Totals totals() {
        return new Totals(
                assignments,
                transactions,
                queries,
                received,
                sent,
                transactionNanos / 1000,
                queryNanos / 1000,
                waitNanos / 1000,
                clientParses,
                serverParses,
                binds);
    }
}
