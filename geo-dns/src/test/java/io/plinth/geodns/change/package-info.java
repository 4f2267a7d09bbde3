/** Tests. */
@NullMarked
package io.plinth.geodns.change;

import org.jspecify.annotations.NullMarked;
