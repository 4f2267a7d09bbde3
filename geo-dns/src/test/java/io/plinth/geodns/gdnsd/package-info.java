/** Tests of the import of gdnsd's configuration. */
@NullMarked
package io.plinth.geodns.gdnsd;

import org.jspecify.annotations.NullMarked;
