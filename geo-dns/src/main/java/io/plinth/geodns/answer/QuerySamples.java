package io.plinth.geodns.answer;

import io.plinth.geodns.wire.Query;
import io.plinth.geodns.wire.Response;

/** Takes a few of the queries, for a log. Called by every loop; never waits. */
public interface QuerySamples {
    /** Takes none. */
    QuerySamples NONE = new QuerySamples() {
        @Override
        public int every() {
            return 0;
        }

        @Override
        public void take(Query query, byte[] source, Response response, boolean stream) {
            throw new IllegalStateException("nothing is sampled");
        }
    };

    /** Every how many-th query is taken; 0 for none. */
    int every();

    /** Takes one; nothing of the arguments is kept. */
    void take(Query query, byte[] source, Response response, boolean stream);
}
