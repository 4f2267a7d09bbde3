package io.plinth.dbproxy.session;

import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.Range;

/** How many clients may be logged in to one database. */
@Doc("Clients of one database that may be logged in to this node at once; 0 for no bound but the node's.")
public record ClientBounds(
        @Doc("All of them.") @Default("0") @Range(min = "0", max = "1000000")
        int max,

        @Doc("Those of one user.") @Default("0") @Range(min = "0", max = "1000000")
        int perUser) {

    public static final ClientBounds NONE = new ClientBounds(0, 0);
}
