package io.plinth.dbproxy.commit;

import java.util.List;

/** That a transaction is committed on these shards of a database, whatever happens from now on. */
public record Decision(TransactionId id, String database, List<String> shards) {
    public Decision {
        shards = List.copyOf(shards);
    }
}
