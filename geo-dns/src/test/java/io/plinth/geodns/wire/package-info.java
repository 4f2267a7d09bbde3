/** Tests. */
@NullMarked
package io.plinth.geodns.wire;

import org.jspecify.annotations.NullMarked;
