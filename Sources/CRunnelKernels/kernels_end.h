// The words of one set, forgotten before the next.

#undef IN
#undef lanes
#undef whole
#undef bits
#undef SPLAT
#undef LOAD
#undef STORE
#undef FMA
#undef SELECT
#undef UNROLLED
#undef MANY
#undef ROWS
#undef WIDEST
#undef FITS
#undef TILE
#undef TILE_ROWS
#undef TILE_AT
#undef TILES_AT
#undef TILES
#undef TILE_ALONE
#undef TILES_ALONE
#undef CHAINED
#undef PRECISE
#undef HALF
#undef TABLE
