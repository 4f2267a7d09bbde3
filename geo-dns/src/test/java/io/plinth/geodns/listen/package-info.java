/** Tests. */
@NullMarked
package io.plinth.geodns.listen;

import org.jspecify.annotations.NullMarked;
