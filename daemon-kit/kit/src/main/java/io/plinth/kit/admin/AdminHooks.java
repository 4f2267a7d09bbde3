package io.plinth.kit.admin;

import java.util.List;
import java.util.concurrent.CompletionStage;

/** What the admin server asks of the node it belongs to. Called on the admin loop; nothing here blocks. */
public interface AdminHooks {
    /** Why the node itself is not ready ({@code starting}, {@code draining}); empty when it is. */
    List<String> notReady();

    /** Effective configuration, secrets masked. */
    String config();

    /** Reads the file again and answers how that went. */
    CompletionStage<AdminRoutes.Response> reload();

    /** Begins to drain and stop, and answers at once. */
    CompletionStage<AdminRoutes.Response> drain();
}
