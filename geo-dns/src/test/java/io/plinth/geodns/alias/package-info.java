/** Tests of names elsewhere. */
@NullMarked
package io.plinth.geodns.alias;

import org.jspecify.annotations.NullMarked;
