/** Tests. */
@NullMarked
package io.plinth.geodns.place;

import org.jspecify.annotations.NullMarked;
