package io.plinth.geodns.answer;

import io.plinth.geodns.policy.Client;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.RecordSet;
import org.jspecify.annotations.Nullable;

/** The addresses of names elsewhere, for ALIAS. Asked by every loop; never waits. */
@FunctionalInterface
public interface AddressAliases {
    /** Knows none. */
    AddressAliases NONE = (name, client) -> null;

    /** What is known of a name for a client, whose scope it narrows; null as long as nothing is. */
    @Nullable
    Addresses find(Name name, Client client);

    /** Ready sets, their owner without meaning; null where there is no such address. */
    record Addresses(@Nullable RecordSet ipv4, @Nullable RecordSet ipv6, int scope) {}
}
