/** The same questions to other servers, which must have the same answers. */
@NullMarked
package io.plinth.geodns.differential;

import org.jspecify.annotations.NullMarked;
