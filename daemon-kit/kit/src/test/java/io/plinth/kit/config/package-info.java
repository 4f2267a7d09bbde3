/** Tests of the one file. */
@NullMarked
package io.plinth.kit.config;

import org.jspecify.annotations.NullMarked;
