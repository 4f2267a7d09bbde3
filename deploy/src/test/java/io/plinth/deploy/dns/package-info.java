/** Tests of {@code plinth dns}. */
@NullMarked
package io.plinth.deploy.dns;

import org.jspecify.annotations.NullMarked;
