/** Tests. */
@NullMarked
package io.plinth.geodns.zone;

import org.jspecify.annotations.NullMarked;
