/**
 * Zones: RFC 1035 text -&gt; records -&gt; immutable lookup tables with delegations, wildcards and empty non-terminals.
 */
@NullMarked
package io.plinth.geodns.zone;

import org.jspecify.annotations.NullMarked;
