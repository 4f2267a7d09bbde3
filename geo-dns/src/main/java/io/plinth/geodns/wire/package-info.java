/**
 * Messages as they stand on the wire: names, questions, EDNS with client subnet, record sets, responses with compression.
 */
@NullMarked
package io.plinth.geodns.wire;

import org.jspecify.annotations.NullMarked;
