/**
 * Who is sent where: address -&gt; country -&gt; order of regions -&gt; first healthy region's addresses. Plain logic, no sockets.
 */
@NullMarked
package io.plinth.geodns.policy;

import org.jspecify.annotations.NullMarked;
