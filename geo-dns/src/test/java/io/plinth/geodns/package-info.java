/** Tests. */
@NullMarked
package io.plinth.geodns;

import org.jspecify.annotations.NullMarked;
