/**
 * An authoritative DNS server that sends each user to the nearest healthy region: listen -&gt; wire -&gt; zone, policy
 * -&gt; answer -&gt; wire.
 */
@NullMarked
package io.plinth.geodns;

import org.jspecify.annotations.NullMarked;
